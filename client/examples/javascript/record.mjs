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
import { WavFile } from './wav.mjs';

const PROTO = fileURLToPath(new URL('../../../proto/src/main/proto/', import.meta.url));
const MAX_LATENCY_MS = 60_000; // the longest queue: a recorder prefers late audio to lost audio
const SIGNALS = { SIGINT: 2, SIGTERM: 15 };

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
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

function record(client, deviceId, seconds, path) {
  const call = client.StreamFrames({ deviceId, maxLatencyMs: MAX_LATENCY_MS });
  let wav;
  let remaining = 0; // samples per channel still to record
  let stopped = false;

  const stop = () => {
    if (stopped) return;
    stopped = true;
    wav?.close();
    call.cancel(); // after its last subscriber, the server closes the microphone
    client.close();
  };
  const onMessage = ({ started, frame }) => {
    if (started && !wav) {
      wav = new WavFile(path, started.format);
      remaining = Math.round(seconds * started.format.sampleRateHz);
    } else if (frame) {
      if (frame.gap) {
        console.error(`gap: ${frame.gap.sampleCount} samples, filled with silence`);
        const missing = Math.min(remaining, Number(frame.gap.sampleCount));
        wav.writeSilence(missing);
        remaining -= missing;
      }
      const pcm = frame.pcm.subarray(0, remaining * wav.bytesPerSample);
      wav.write(pcm);
      remaining -= pcm.length / wav.bytesPerSample;
      if (remaining === 0) stop();
    }
  };
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      stop();
      process.exit(128 + number);
    });
  }
  call.on('data', (message) => {
    if (stopped) return;
    try {
      onMessage(message);
    } catch (error) {
      fail(`${path}: ${error.message}`);
    }
  });
  call.on('error', (error) => {
    if (stopped) return; // cancelled by this program
    stop();
    fail(error.details);
  });
}

function parseArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        server: { type: 'string', default: '127.0.0.1:50051' },
        ca: { type: 'string' },
        'token-file': { type: 'string' },
        device: { type: 'string', default: '' },
        seconds: { type: 'string', default: '5' },
      },
    });
  } catch (error) {
    return fail(error.message.split('\n')[0], 2);
  }
}

const { values, positionals } = parseArguments();
const seconds = Number(values.seconds);
if (!(seconds > 0 && seconds < Infinity)) {
  fail(`--seconds: ${values.seconds} (expected: a number of seconds, more than 0)`, 2);
}
if (positionals[0] === 'devices') {
  listDevices(connect(values));
} else if (positionals[0] === 'record' && positionals.length === 2) {
  record(connect(values), values.device, seconds, positionals[1]);
} else {
  fail('usage: record.mjs [--server HOST:PORT] devices | [--device ID] [--seconds S] record FILE.wav', 2);
}
