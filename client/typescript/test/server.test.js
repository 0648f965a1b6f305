// Both transports, with a real server.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Codec, GapCause, SampleEncoding, toFloat32 } from '@lavalier/client';
import { connect as connectNode } from '@lavalier/client/node';
import { connect as connectWeb } from '@lavalier/client/web';
import { WebSocket } from 'ws';
import { secureServers, Server } from './server.js';

const STALL_MS = 2_000;
const FRAMES = 20; // 0.4 s, of which Opus needs 80 ms
const MAX_AGE_MS = 1_500; // a frame of before the stall would be older

let server;
let secure;

before(async () => {
  [server, secure] = await Promise.all([Server.start(), secureServers()]);
});

after(async () => {
  await server?.kill();
  await secure?.close();
});

/** Stops this thread: nothing is received meanwhile. */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** A WebSocket that trusts the certificate of the secure server. */
class SecureWebSocket extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols, { ca: secure.ca });
  }
}

const TRANSPORTS = {
  node: {
    open: (to = server, options = {}) => connectNode(to.address, options),
    openEncrypted: (token) => connectNode(secure.encrypted.address, { ca: secure.ca, token }),
  },
  web: {
    open: (to = server, options = {}) => connectWeb(to.url, { WebSocket, ...options }),
    openEncrypted: (token) => connectWeb(secure.encrypted.url, { WebSocket: SecureWebSocket, token }),
  },
};

/** Reads frames, and stalls before the one in the middle. */
async function readWithStall(stream, stall) {
  let first = null;
  let end = 0n;
  let received = 0n;
  let missing = 0n;
  let count = 0;
  for await (const frame of stream) {
    const ageMs = Date.now() - Number(frame.captureTimeUnixNanos / 1_000_000n);
    assert.ok(ageMs < MAX_AGE_MS, `frame ${count} is ${ageMs} ms old`);
    if (first === null) first = frame.sampleIndex;
    else missing += frame.gap?.sampleCount ?? 0n;
    const size = BigInt(stream.started.frameSize);
    received += size;
    end = frame.sampleIndex + size;
    if (++count === 20) await stall();
    if (count === 40) break;
  }
  assert.equal(received + missing, end - first);
  const missingMs = Number(missing) / (stream.started.format.sampleRateHz / 1e3);
  assert.ok(missingMs > STALL_MS / 2, `${missingMs} ms are missing`);
}

/**
 * Returns the samples of some frames of a stream of PCM, and those of a stream with a codec. No sample is missing
 * between them: a server on a busy machine leaves gaps while it encodes.
 */
async function samplesOfTwo(client, format, codec) {
  const options = { format, maxLatencyMs: 30_000 };
  const [pcm, encoded] = [await client.pullFrames(options), await client.pullFrames({ ...options, codec })];
  assert.equal(pcm.started.epoch, encoded.started.epoch);
  const frames = new Map();
  while (frames.size < FRAMES) {
    const { value } = await encoded.next();
    assert.equal(value.packet.length, 0);
    if (value.gap) frames.clear();
    frames.set(value.sampleIndex, toFloat32(value, encoded.started.format));
  }
  const last = [...frames.keys()].at(-1);
  const plain = [];
  for await (const frame of pcm) {
    if (frames.has(frame.sampleIndex)) plain.push(toFloat32(frame, pcm.started.format));
    if (frame.sampleIndex >= last) break;
  }
  encoded.close();
  assert.equal(plain.length, FRAMES);
  const join = (arrays) => arrays.flatMap((values) => [...values]);
  return [join(plain), join([...frames.values()])];
}

describe('node decodes', () => {
  for (const [encoding, sampleRateHz, channelCount] of [['S16LE', 48_000, 2], ['S24LE', 16_000, 1]]) {
    test(`FLAC to the samples of PCM in ${encoding}`, async () => {
      const client = connectNode(server.address);
      const format = { encoding: SampleEncoding[encoding], sampleRateHz, channelCount };
      const [plain, decoded] = await samplesOfTwo(client, format, Codec.FLAC);
      client.close();
      assert.deepEqual(decoded, plain);
    });
  }

  for (const [sampleRateHz, channelCount] of [[48_000, 2], [16_000, 1], [8_000, 1]]) {
    test(`Opus of ${sampleRateHz} Hz to the sound of PCM, 6.5 ms later`, async () => {
      const client = connectNode(server.address);
      const [plain, decoded] = await samplesOfTwo(client, { sampleRateHz, channelCount }, Codec.OPUS);
      client.close();
      const delay = sampleRateHz * 0.0065 * channelCount;
      const begin = (sampleRateHz / 5) * channelCount; // the decoder has converged
      let difference = 0;
      let power = 0;
      for (let i = begin; i + delay < plain.length; i++) {
        difference += (decoded[i + delay] - plain[i]) ** 2;
        power += plain[i] ** 2;
      }
      assert.ok(power > 0 && difference < 0.01 * power, `${difference} of ${power}`);
    });
  }
});

for (const [name, { open, openEncrypted }] of Object.entries(TRANSPORTS)) {
  describe(name, () => {
    test('devices and the server are described', async () => {
      const client = open();
      try {
        assert.deepEqual((await client.listDevices()).map((device) => device.deviceId), ['tone']);
        assert.match((await client.getServerInfo()).version, /^\d/);
        for await (const { change } of client.watchDevices()) {
          assert.equal(change.case, 'snapshot');
          break;
        }
        for await (const { message } of client.streamLevels({ intervalMs: 20 })) {
          if (message.case === 'levels') {
            assert.ok(message.value.channels[0].peak > 0);
            break;
          }
        }
      } finally {
        client.close();
      }
    });

    const stalls = {
      'a program that waits': () => new Promise((resolve) => { setTimeout(resolve, STALL_MS); }),
      'a thread that is blocked': () => block(STALL_MS),
    };
    for (const [what, stall] of Object.entries(stalls)) {
      test(`after a stall of ${what}, frames are recent and each sample is counted`, async () => {
        const client = open();
        try {
          await readWithStall(await client.pullFrames({ format: { sampleRateHz: 16_000, channelCount: 1 } }), stall);
        } finally {
          client.close();
        }
      });
    }

    test('an unknown device is refused', async () => {
      const client = open();
      try {
        await assert.rejects(client.pullFrames({ deviceId: 'moon' }),
          { kind: 'DEVICE_NOT_FOUND', code: 5, message: 'device_id: moon (expected: one of tone)' });
      } finally {
        client.close();
      }
    });

    test('packets can be had without a decoder', async () => {
      const client = open();
      try {
        const request = { codec: Codec.OPUS, bitrate: 32_000, format: { sampleRateHz: 48_000, channelCount: 1 } };
        const stream = await client.pullFrames(request, { packets: true });
        assert.equal(stream.started.bitrate, 32_000);
        const { value: { pcm, packet } } = await stream.next();
        assert.ok(pcm.length === 0 && packet.length > 1 && packet.length < 500, `${packet.length} bytes`);
      } finally {
        client.close();
      }
    });

    test('a server with TLS serves a client with a token', async () => {
      const client = openEncrypted(() => secure.token);
      try {
        const stream = await client.pullFrames();
        assert.equal((await stream.next()).done, false);
      } finally {
        client.close();
      }
    });

    test('a client without the token is refused', async () => {
      for (const [options, message] of [[{}, /^authorization: unset /], [{ token: 'wrong' }, /^authorization: not accepted /]]) {
        const client = open(secure.guarded, options);
        try {
          await assert.rejects(client.pullFrames(), { kind: 'NOT_AUTHENTICATED', code: 16, message });
        } finally {
          client.close();
        }
      }
    });

    test('a token function that throws fails the call', async () => {
      const client = open(server, { token: () => { throw new TypeError('secret'); } });
      try {
        const error = {
          kind: 'NOT_AUTHENTICATED', code: 16, message: 'token: none (expected: one from the token function; it threw TypeError)',
        };
        await assert.rejects(client.listDevices(), error);
        await assert.rejects(client.pullFrames(), error);
      } finally {
        client.close();
      }
    });

    test('a stream continues after a restart of the server', async () => {
      const notices = [];
      const client = open();
      try {
        const stream = await client.pullFrames({}, { onNotice: ({ message }) => notices.push(message) });
        await stream.next();
        const { epoch } = stream.started;
        await server.restart();
        let gap;
        while (stream.started.epoch === epoch) ({ value: { gap } } = await stream.next());
        assert.equal(gap.cause, GapCause.NOT_KEPT);
        assert.equal(gap.estimated, true);
        assert.ok(gap.sampleCount > 4_800n, `${gap.sampleCount} samples`);
        assert.match(notices[0], /^connection lost, reconnecting for at most 300 s: /);
        assert.match(notices.at(-1), /^reconnected after /);
      } finally {
        client.close();
      }
    });

    test('a server that cannot be reached is reported', async () => {
      const client = name === 'node' ? connectNode('127.0.0.1:1') : connectWeb('http://127.0.0.1:1/', { WebSocket });
      try {
        await assert.rejects(client.listDevices(), { kind: 'UNAVAILABLE', code: 14 });
      } finally {
        client.close();
      }
    });
  });
}

test('a failed handshake is reported', async () => {
  for (const [address, reason] of [[secure.encrypted.address, 'self.signed certificate.*'], [server.address, 'the server answers without TLS']]) {
    const client = connectNode(address, { tls: true });
    const message = new RegExp(`^server: ${address} \\(expected: TLS with a trusted certificate; ${reason}\\)$`);
    const error = { kind: 'TLS_FAILED', code: 14, message };
    await assert.rejects(client.listDevices(), error);
    await assert.rejects(client.pullFrames(), error);
    client.close();
  }
});

test('a token is not sent to another machine without encryption, or with a line break', async () => {
  assert.throws(() => connectNode('studio.example:50051', { token: 'secret' }),
    (error) => error instanceof RangeError && !error.message.includes('secret'));
  const client = connectNode(server.address, { token: () => 'a\nb' });
  await assert.rejects(client.listDevices(), { kind: 'NOT_AUTHENTICATED', message: /^token: invalid/ });
  client.close();
});
