// The parts that decide about age, gaps and credit, and what a refused WebSocket reports.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { AudioFormatSchema, AudioFrameSchema, GapCause, SampleEncoding, StreamStartedSchema, toFloat32 } from '@lavalier/client';
import { connect } from '@lavalier/client/web';
import { WebSocket } from 'ws';
import { FrameAges } from '../dist/ages.js';
import { Pacing } from '../dist/pacing.js';
import { gapOf } from '../dist/position.js';

const started = create(StreamStartedSchema, { epoch: 1n, frameSize: 960, format: { sampleRateHz: 48_000 } });

/** Returns a frame that the server read at `steadyMs`, when its wall clock showed `wallMs`. */
function frame(steadyMs, wallMs = steadyMs, number = 1) {
  return create(AudioFrameSchema, {
    sampleIndex: BigInt(960 * number),
    readTimeSteadyNanos: BigInt(steadyMs * 1e6) + 1n,
    captureTimeUnixNanos: BigInt((wallMs - 20) * 1e6) + 1n,
    readDelayMicros: 20_000,
  });
}

test('a frame expires beyond the shortest transfer time', () => {
  const ages = new FrameAges(200);
  const expired = [[1_000, 0], [1_300, 100], [1_401, 200], [1_600, 600]]
    .map(([arrived, read]) => ages.isExpired(started, frame(read), arrived, arrived));
  assert.deepEqual(expired, [false, false, true, false]);
});

test('a frame that was not read in time has expired, although it arrived in time', () => {
  const ages = new FrameAges(200);
  assert.equal(ages.isExpired(started, frame(0), 1_000, 1_000), false);
  assert.equal(ages.isExpired(started, frame(20), 1_020, 6_020), true);
});

test('a suspended server expires no frame, and neither does a wall clock that is set', () => {
  const ages = new FrameAges(200);
  ages.isExpired(started, frame(0), 1_000, 1_000);
  assert.equal(ages.isExpired(started, frame(20, 10_020), 11_020, 11_020), false);
  assert.equal(ages.isExpired(started, frame(40, 99_000), 11_040, 11_040), false);
});

test('a steady clock that was paused expires the frames of five seconds', () => {
  const ages = new FrameAges(200);
  ages.isExpired(started, frame(0), 0, 0);
  let expired = 0;
  for (let i = 1; i <= 300; i++) {
    const now = 20 * i + 1_000;
    if (ages.isExpired(started, frame(20 * i), now, now)) expired++;
  }
  assert.ok(expired >= 250 && expired <= 253, `${expired}`);
});

test('history does not expire', () => {
  const history = create(StreamStartedSchema, { ...started, prerollMs: 1_000 });
  const ages = new FrameAges(0);
  for (let i = 0; i < 50; i++) {
    const now = 5_000 + 4 * i;
    assert.equal(ages.isExpired(history, frame(20 * i, 20 * i, i), now, now), false);
  }
});

test('a gap has its causes', () => {
  const { SLOW_SUBSCRIBER, DEVICE_OVERRUN } = GapCause;
  const gap = gapOf([
    { sampleCount: 10n, cause: SLOW_SUBSCRIBER, estimated: false },
    { sampleCount: 15n, cause: DEVICE_OVERRUN, estimated: true },
    { sampleCount: 20n, cause: SLOW_SUBSCRIBER, estimated: false },
  ]);
  assert.equal(gap.sampleCount, 45n);
  assert.equal(gap.cause, SLOW_SUBSCRIBER);
  assert.equal(gap.estimated, true);
  assert.deepEqual(gap.parts.map((part) => [part.sampleCount, part.cause, part.estimated]),
    [[30n, SLOW_SUBSCRIBER, false], [15n, DEVICE_OVERRUN, true]]);
  assert.equal(gapOf([]), undefined);
});

test('the window grows only if the program waits', () => {
  const slow = { cause: GapCause.SLOW_SUBSCRIBER };
  let now = 0;
  const pacing = new Pacing(started, now);
  const step = (busy, waiting, gap) => {
    pacing.returned(now);
    now += busy;
    pacing.called(now);
    now += waiting;
    pacing.adjust(gap, now);
    return pacing.window;
  };
  assert.equal(step(0, 100, undefined), 4);
  assert.equal(step(50, 1, slow), 6);
  assert.equal(step(50, 10, slow), 6);
  assert.equal(step(0, 100, { cause: GapCause.SERVER_OVERLOAD }), 6);
  assert.equal(step(0, 100, slow), 9);
  assert.equal(step(0, 100, slow), 14);
  assert.equal(step(0, 100, slow), 15);
});

test('samples are converted from each encoding', () => {
  const cases = [
    [SampleEncoding.S16LE, [0, 0x80, 0xff, 0x7f], [-1, 32767 / 32768]],
    [SampleEncoding.S24LE, [0, 0, 0x80, 0xff, 0xff, 0x7f], [-1, Math.fround(8388607 / 8388608)]],
    [SampleEncoding.S32LE, [0, 0, 0, 0x80, 0, 0, 0, 0x40], [-1, 0.5]],
    [SampleEncoding.F32LE, [0, 0, 0x80, 0xbf, 0, 0, 0, 0x3f], [-1, 0.5]],
  ];
  for (const [encoding, bytes, samples] of cases) {
    const pcm = Uint8Array.from([9, ...bytes]).subarray(1);
    const format = create(AudioFormatSchema, { encoding });
    assert.deepEqual([...toFloat32(create(AudioFrameSchema, { pcm }), format)], samples);
  }
  assert.throws(() => toFloat32(create(AudioFrameSchema, {}), create(AudioFormatSchema, {})), RangeError);
});

test('a WebSocket that is refused reports the line of the server', async () => {
  const refusals = { 401: 'NOT_AUTHENTICATED', 403: 'NOT_PERMITTED', 429: 'LIMIT_REACHED', 500: 'UNAVAILABLE' };
  for (const [status, kind] of Object.entries(refusals)) {
    const server = http.createServer((request, response) => { response.writeHead(status).end('why: it is so\n'); });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const client = connect(`http://127.0.0.1:${server.address().port}/`, { WebSocket });
    try {
      const message = kind === 'UNAVAILABLE' ? /it cannot be reached/ : /^why: it is so$/;
      await assert.rejects(client.listDevices(), { kind, message });
    } finally {
      client.close();
      server.closeAllConnections();
      server.close();
    }
  }
});

test('a server that closes WebSockets and does not answer is unavailable', async () => {
  const sockets = new Set();
  const server = http.createServer(() => {}); // it does not answer the request for the reason
  server.on('connection', (socket) => sockets.add(socket));
  server.on('upgrade', (request, socket) => socket.destroy());
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const client = connect(`http://127.0.0.1:${server.address().port}/`, { WebSocket });
  try {
    await assert.rejects(client.pullFrames(), { kind: 'UNAVAILABLE', message: /it cannot be reached/ });
    assert.equal(sockets.size, 2);
  } finally {
    client.close();
    server.closeAllConnections();
    server.close();
  }
});
