// Accounting, freshness, credit and reconnection, with a server and a clock of the test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GapCause, NoticeKind, OnDeviceLoss, OverflowPolicy } from '@lavalier/client';
import { FRAME, opened, RATE, scripted, settle, WINDOW } from './scripted.js';

const UNAVAILABLE = ['UNAVAILABLE', 14];

function assertGap(frame, sampleCount, cause, estimated = false) {
  assert.deepEqual(
    { sampleCount: frame.gap?.sampleCount, cause: frame.gap?.cause, estimated: frame.gap?.estimated },
    { sampleCount: BigInt(sampleCount), cause, estimated });
}

async function frameOf(stream) {
  const { done, value } = await stream.next();
  assert.equal(done, false);
  return value;
}

/** Asks for a frame, and waits until the stream waits for a message. */
async function asked(stream) {
  const next = stream.next();
  next.catch(() => {});
  await settle();
  return next;
}

/** Returns the promise of the next frame, after the stream has called again. */
async function callsAgain(stream, calls, count) {
  const next = frameOf(stream);
  next.catch(() => {});
  for (let i = 0; calls.length < count && i < 10; i++) await settle();
  assert.equal(calls.length, count);
  return { next };
}

test('no credit is granted before a frame is wanted, and gaps are returned', async () => {
  const { stream, calls: [call], timing } = await opened({ deviceId: 'tone' });
  assert.equal(stream.started.deviceId, 'tone');
  assert.equal(call.subscribe.deviceId, 'tone');
  assert.equal(call.credit, 0);
  const first = frameOf(stream);
  await settle();
  assert.equal(call.credit, WINDOW);
  call.frame(0, timing.now());
  assert.equal((await first).gap, undefined);
  call.frame(2, timing.now(), { sampleCount: BigInt(FRAME), cause: GapCause.DEVICE_OVERRUN, estimated: true });
  assertGap(await frameOf(stream), FRAME, GapCause.DEVICE_OVERRUN, true);
  assert.equal(call.credit, WINDOW + 1);
});

test('frames that expired during a stall are dropped and counted', async () => {
  const { stream, calls: [call], timing } = await opened();
  const start = timing.now();
  const first = frameOf(stream);
  await settle();
  for (let i = 0; i < WINDOW; i++) call.frame(i, start);
  await first;
  timing.advance(5_000);
  const next = frameOf(stream);
  await settle();
  assert.equal(call.credit, 2 * WINDOW);
  call.frame(250, timing.now(), { sampleCount: BigInt((250 - WINDOW) * FRAME), cause: GapCause.SLOW_SUBSCRIBER });
  const frame = await next;
  assert.equal(frame.sampleIndex, BigInt(250 * FRAME));
  assertGap(frame, 249 * FRAME, GapCause.SLOW_SUBSCRIBER);
});

test('an expired frame ends a stream with the policy to close', async () => {
  const { stream, calls: [call], timing } = await opened({ overflowPolicy: OverflowPolicy.CLOSE });
  const first = frameOf(stream);
  await settle();
  call.frame(0, timing.now());
  call.frame(1, timing.now());
  await first;
  timing.advance(1_000);
  await assert.rejects(stream.next(), { kind: 'LIMIT_REACHED', code: 8, message: /^max_latency_ms: 200 \(expected: / });
  assert.ok(call.cancelled);
});

test('a stream resumes after a loss of the connection, exactly within an epoch', async () => {
  const notices = [];
  const { stream, calls, timing } = await opened(
    { start: { case: 'prerollMs', value: 0 } }, { onNotice: ({ message }) => notices.push(message) });
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  calls[0].end(...UNAVAILABLE, 'the server is stopping');
  const { next } = await callsAgain(stream, calls, 2);
  assert.deepEqual({ ...calls[1].subscribe.start.value, $typeName: 0 }, { $typeName: 0, epoch: 1n, sampleIndex: BigInt(FRAME) });
  assert.equal(calls[1].subscribe.frameSize, FRAME);
  calls[1].end(...UNAVAILABLE, 'the device is busy');
  for (let i = 0; calls.length < 3 && i < 10; i++) await settle();
  calls[2].start(1n);
  calls[2].frame(100, timing.now(), { sampleCount: BigInt(99 * FRAME), cause: GapCause.NOT_KEPT });
  assertGap(await next, 99 * FRAME, GapCause.NOT_KEPT);
  assert.match(notices[0], /^connection lost, reconnecting for at most 300 s: the server is stopping$/);
  assert.match(notices[1], /^reconnected after 0\.[5-8] s, 95040 samples \(1\.980 s\) are missing$/);
  assert.equal(timing.slept.length, 2);
  assert.ok(timing.slept[0] > 187 && timing.slept[0] <= 250);
});

test('a gap between epochs is estimated by the steady clock if the wall clock was set', async () => {
  const { stream, calls, timing } = await opened();
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  calls[0].end(...UNAVAILABLE, 'lost');
  const { next } = await callsAgain(stream, calls, 2);
  timing.advance(2_000);
  calls[1].start(2n);
  // The wall clock of the server was set forward by an hour.
  calls[1].frame(0, timing.now() + 3_600_000, {
    sampleCount: BigInt(3_600 * RATE), cause: GapCause.NOT_KEPT, estimated: true,
  });
  const frame = await next;
  assertGap(frame, frame.gap.sampleCount, GapCause.NOT_KEPT, true);
  const seconds = Number(frame.gap.sampleCount) / RATE;
  assert.ok(seconds > 2 && seconds < 2.3, `${seconds} s`);
});

test('a rejected resume point is left out', async () => {
  const { stream, calls, timing } = await opened();
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  calls[0].end(...UNAVAILABLE, 'lost');
  const { next } = await callsAgain(stream, calls, 2);
  calls[1].end('INVALID_REQUEST', 11, 'resume: in the future');
  for (let i = 0; calls.length < 3 && i < 10; i++) await settle();
  assert.equal(calls[2].subscribe.start.case, undefined);
  calls[2].start(3n);
  calls[2].frame(0, timing.now());
  assert.equal((await next).gap?.estimated, true);
});

test('a subscriber that was evicted resumes', async () => {
  const { stream, calls, timing } = await opened();
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  timing.advance(32_000);
  calls[0].end('LIMIT_REACHED', 8, 'no frame was read for 30 s');
  const { next } = await callsAgain(stream, calls, 2);
  calls[1].start(1n);
  calls[1].frame(1_600, timing.now());
  assertGap(await next, 1_599 * FRAME, GapCause.SLOW_SUBSCRIBER);
});

test('a queue that the server refuses is shortened at once', async () => {
  const notices = [];
  const { stream, calls, timing } = await opened({ maxLatencyMs: 8_000 }, { onNotice: ({ message }) => notices.push(message) });
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  calls[0].end(...UNAVAILABLE, 'lost');
  const { next } = await callsAgain(stream, calls, 2);
  for (let i = 1; i < 3; i++) {
    calls[i].end('LIMIT_REACHED', 8, 'memory of streams');
    for (let k = 0; calls.length < i + 2 && k < 10; k++) await settle();
  }
  assert.deepEqual(calls.map((call) => call.subscribe.maxLatencyMs), [8_000, 8_000, 2_000, 500]);
  assert.equal(timing.slept.length, 1);
  calls[3].start(1n, { maxLatencyMs: 500 });
  calls[3].frame(1, timing.now());
  assert.equal((await next).gap, undefined);
  assert.match(notices[1], /^reconnected after 0\.[12] s, no samples are missing; the server refused a longer queue than 0\.5 s$/);
});

test('a lost device ends the stream, unless the stream waits for it', async () => {
  const notices = [];
  const { stream, calls: [call] } = await opened({}, { onNotice: (notice) => notices.push(notice) });
  call.notice(NoticeKind.DEVICE_LOST, 'tone is lost');
  call.end(...UNAVAILABLE, 'tone is lost');
  await assert.rejects(stream.next(), { kind: 'UNAVAILABLE', message: 'tone is lost' });
  assert.deepEqual(notices, [{ kind: NoticeKind.DEVICE_LOST, message: 'tone is lost', clockPpm: 0 }]);

  const waiting = await opened({ onDeviceLoss: OnDeviceLoss.WAIT });
  waiting.calls[0].frame(0, waiting.timing.now());
  waiting.calls[0].notice(NoticeKind.DEVICE_LOST, 'tone is lost');
  waiting.calls[0].start(2n);
  waiting.calls[0].frame(0, waiting.timing.now(), {
    sampleCount: 480n, cause: GapCause.DEVICE_LOST, estimated: true,
  });
  await frameOf(waiting.stream);
  assertGap(await frameOf(waiting.stream), 480, GapCause.DEVICE_LOST, true);
  assert.equal(waiting.stream.started.epoch, 2n);
});

test('reconnection ends after its time, and the error stays', async () => {
  const { stream, calls, timing } = await opened({}, { reconnectMs: 60_000 });
  calls[0].frame(0, timing.now());
  await frameOf(stream);
  const start = timing.now();
  const next = asked(stream);
  for (let i = 0; i < 40; i++) {
    await settle();
    calls.at(-1).end(...UNAVAILABLE, 'gone');
  }
  await assert.rejects(next, { kind: 'UNAVAILABLE', message: 'gone' });
  assert.ok(timing.now() - start >= 60_000 && timing.now() - start < 60_001);
  await assert.rejects(stream.next(), { message: 'gone' });
});

test('without reconnection, the loss ends the stream', async () => {
  const { stream, calls: [call] } = await opened({}, { reconnectMs: 0 });
  call.end(...UNAVAILABLE, 'lost');
  await assert.rejects(stream.next(), { kind: 'UNAVAILABLE', message: 'lost' });
});

test('close ends a waiting reader and the call, and so does the end of a loop', async () => {
  const { stream, calls: [call] } = await opened();
  const next = asked(stream);
  stream.close();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.ok(call.cancelled);

  const looped = await opened();
  looped.calls[0].frame(0, looped.timing.now());
  for await (const frame of looped.stream) {
    assert.equal(frame.sampleIndex, 0n);
    break;
  }
  assert.ok(looped.calls[0].cancelled);
  assert.deepEqual(await looped.stream.next(), { done: true, value: undefined });
});

test('a closed client ends its streams and refuses calls', async () => {
  const { client, stream, calls: [call] } = await opened();
  const next = asked(stream);
  client.close();
  assert.deepEqual(await next, { done: true, value: undefined });
  assert.ok(call.cancelled);
  await assert.rejects(client.pullFrames(), { kind: 'CANCELLED', message: 'client: closed (expected: an open client)' });
  await assert.rejects(client.listDevices(), { kind: 'CANCELLED' });
});

test('a refused stream reports why', async () => {
  const { client, calls } = scripted();
  const opening = client.pullFrames({ deviceId: 'moon' });
  opening.catch(() => {});
  await settle();
  calls[0].end('DEVICE_NOT_FOUND', 5, 'device_id: moon (expected: one of tone)');
  await assert.rejects(opening, { kind: 'DEVICE_NOT_FOUND', code: 5 });
  assert.equal(calls.length, 1);
});

test('a program that leaves too many messages unread loses the call', async () => {
  const { client, calls } = scripted();
  const levels = client.streamLevels({ deviceId: 'tone' });
  const first = levels.next();
  await settle();
  for (let i = 0; i <= 1_001; i++) calls[0].notice(NoticeKind.MUTED, 'muted');
  await assert.rejects(first, { kind: 'LIMIT_REACHED', message: /^messages: 1000 \(expected: / });
  assert.ok(calls[0].cancelled);
});
