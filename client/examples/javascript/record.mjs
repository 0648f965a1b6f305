#!/usr/bin/env node
// Lists the devices of a Lavalier server, or records one of them to a WAV file.
//
// It needs Node.js 18 or newer, and the packages in package-lock.json. In this directory:
//
//   npm ci
//   node record.mjs [--server HOST:PORT] devices
//   node record.mjs [--server HOST:PORT] [--device ID] [--seconds S] record FILE.wav
//   node record.mjs --server HOST:PORT --ca FILE [--token-file FILE] ...
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const PROTO = fileURLToPath(new URL('../../../proto/src/main/proto/', import.meta.url));
const BYTES_PER_VALUE = {
  SAMPLE_ENCODING_S16LE: 2, SAMPLE_ENCODING_S24LE: 3, SAMPLE_ENCODING_S32LE: 4, SAMPLE_ENCODING_F32LE: 4,
};

function fail(message) {
  console.error(message);
  process.exit(1);
}

function credentials(ca, tokenFile) {
  if (!ca) {
    if (tokenFile) fail(`token-file: ${tokenFile} (expected: --ca as well; a token is not sent in plain text)`);
    return grpc.credentials.createInsecure();
  }
  const encrypted = grpc.credentials.createSsl(fs.readFileSync(ca));
  if (!tokenFile) return encrypted;
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${fs.readFileSync(tokenFile, 'utf8').trim()}`);
  return encrypted.compose(grpc.credentials.createFromMetadataGenerator((_, done) => done(null, metadata)));
}

function connect({ server, ca, 'token-file': tokenFile }) {
  const definition = protoLoader.loadSync('lavalier/v1/audio_capture.proto', {
    includeDirs: [PROTO],
    longs: String, // a JavaScript number cannot hold every index and time: convert with BigInt()
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const { AudioCapture } = grpc.loadPackageDefinition(definition).lavalier.v1;
  return new AudioCapture(server, credentials(ca, tokenFile));
}

function listDevices(client) {
  client.ListDevices({}, (error, response) => {
    if (error) fail(error.details);
    for (const device of response.devices) {
      const { sampleRateHz, channelCount } = device.captureFormat;
      console.log(`${device.isDefault ? '*' : ' '} ${device.deviceId}: ${device.description || device.name}, `
        + `${sampleRateHz} Hz, ${channelCount} channels`);
    }
    client.close();
  });
}

function wavHeader({ encoding, sampleRateHz, channelCount }, dataBytes) {
  const width = BYTES_PER_VALUE[encoding];
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(encoding === 'SAMPLE_ENCODING_F32LE' ? 3 : 1, 20);
  header.writeUInt16LE(channelCount, 22);
  header.writeUInt32LE(sampleRateHz, 24);
  header.writeUInt32LE(sampleRateHz * channelCount * width, 28);
  header.writeUInt16LE(channelCount * width, 32);
  header.writeUInt16LE(width * 8, 34);
  header.write('data', 36);
  header.writeUInt32LE(dataBytes, 40);
  return header;
}

function record(client, deviceId, seconds, path) {
  const call = client.StreamFrames({ deviceId });
  let file, format, bytesPerSample;
  let remaining = 0; // samples per channel still to record
  let written = 0; // bytes of audio in the file

  const write = (pcm) => {
    written += fs.writeSync(file, pcm);
    remaining -= pcm.length / bytesPerSample;
  };
  const finish = () => {
    if (file === undefined) return;
    fs.writeSync(file, wavHeader(format, written), 0, 44, 0);
    fs.closeSync(file);
    file = undefined;
  };
  call.on('data', ({ started, frame }) => {
    if (started && file === undefined) {
      format = started.format;
      bytesPerSample = BYTES_PER_VALUE[format.encoding] * format.channelCount;
      remaining = Math.round(seconds * format.sampleRateHz);
      file = fs.openSync(path, 'w');
      fs.writeSync(file, wavHeader(format, 0));
    } else if (frame && remaining > 0) {
      if (frame.gap) {
        console.error(`gap: ${frame.gap.sampleCount} samples, filled with silence`);
        write(Buffer.alloc(Math.min(remaining, Number(frame.gap.sampleCount)) * bytesPerSample));
      }
      write(frame.pcm.subarray(0, remaining * bytesPerSample));
      if (remaining === 0) {
        finish();
        call.cancel(); // after its last subscriber, the server closes the microphone
        client.close();
      }
    }
  });
  call.on('error', (error) => {
    if (remaining === 0 && written > 0) return; // cancelled by this program
    finish();
    fail(error.details);
  });
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string', default: '127.0.0.1:50051' },
    ca: { type: 'string' },
    'token-file': { type: 'string' },
    device: { type: 'string', default: '' },
    seconds: { type: 'string', default: '5' },
  },
});
if (positionals[0] === 'devices') {
  listDevices(connect(values));
} else if (positionals[0] === 'record' && positionals.length === 2) {
  record(connect(values), values.device, Number(values.seconds), positionals[1]);
} else {
  fail('usage: record.mjs [--server HOST:PORT] devices | [--device ID] [--seconds S] record FILE.wav');
}
