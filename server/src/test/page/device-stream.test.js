import assert from 'node:assert/strict';
import test from 'node:test';
import { Cause } from '../../main/resources/dev/lavalier/web/page/contract.js';
import { DeviceStream, requestedRate } from '../../main/resources/dev/lavalier/web/page/device-stream.js';
import { NOT_CONNECTED } from '../../main/resources/dev/lavalier/web/page/position.js';

const RATE = 48_000;
const FRAME = 480;
const FORMAT = { encoding: 1, sampleRateHz: RATE, channelCount: 1 };

/** A stream with a call and a clock of its own. */
class Fixture {
  constructor() {
    this.now = 1_000;
    this.sent = [];
    this.frames = [];
    this.stream = new DeviceStream({
      deviceId: 'mic', sampleRateHz: RATE, token: '', roundTripMs: () => 1,
      onStarted: () => {}, onNotice: () => {}, onEnd: () => {},
      onFrame: (frame, gap) => this.frames.push({ index: frame.sampleIndex, gap }),
    }, (options) => {
      this.call = options;
      return { send: (request) => this.sent.push(request), cancel: () => {} };
    }, () => this.now);
    this.call.onStart();
  }

  start(epoch = 1) {
    this.call.onMessage({ started: { deviceId: 'mic', epoch, format: FORMAT, frameSize: FRAME, maxLatencyMs: 200 } });
  }

  /** Delivers a frame; `delayMs` is how late it arrives. `originMs`: the clock when its epoch began. */
  frame(index, { gap = null, delayMs = 0, originMs = 1_000, wallMs = originMs + 5e11 } = {}) {
    const captured = (index / RATE) * 1e3;
    const read = originMs + captured + 10;
    this.now = read + 2 + delayMs;
    this.call.onMessage({
      frame: {
        pcm: new Uint8Array(FRAME * 2), sampleIndex: index, captureTimeUnixNanos: (wallMs + captured) * 1e6,
        readDelayMicros: 10_000, readTimeSteadyNanos: read * 1e6, gap,
      },
    });
  }

  reconnect() {
    this.call.onStart();
  }
}

function gap(sampleCount, cause, parts = []) {
  return { sampleCount, cause, estimated: false, parts };
}

test('framesInTimeAreReceivedWithoutGap', () => {
  const fixture = new Fixture();
  fixture.start();
  for (let i = 0; i < 100; i++) fixture.frame(i * FRAME);
  assert.equal(fixture.stream.received, 100 * FRAME);
  assert.equal(fixture.stream.missing, 0);
  assert.deepEqual(fixture.sent, Array(100).fill({ credit: 1 }));
});

test('expiredFramesBecomeTheGapOfTheNextFrame', () => {
  const fixture = new Fixture();
  fixture.start();
  for (let i = 0; i < 10; i++) fixture.frame(i * FRAME);
  for (let i = 10; i < 14; i++) fixture.frame(i * FRAME, { delayMs: 5_000 });
  fixture.frame(500 * FRAME, { gap: gap(486 * FRAME, Cause.SLOW_SUBSCRIBER) });
  assert.equal(fixture.frames.length, 11);
  assert.deepEqual(fixture.frames[10].gap.parts, [{ sampleCount: 490 * FRAME, cause: Cause.SLOW_SUBSCRIBER, estimated: false }]);
  assert.equal(fixture.stream.received + fixture.stream.missing, 501 * FRAME);
});

test('partsOfAGapKeepTheirCauses', () => {
  const fixture = new Fixture();
  fixture.start();
  fixture.frame(0);
  const parts = [
    { sampleCount: 960, cause: Cause.SERVER_OVERLOAD, estimated: true }, { sampleCount: 480, cause: Cause.SLOW_SUBSCRIBER, estimated: false },
  ];
  fixture.frame(4 * FRAME, { gap: gap(1_440, Cause.SERVER_OVERLOAD, parts) });
  assert.deepEqual(fixture.frames[1].gap, { sampleCount: 1_440, cause: Cause.SERVER_OVERLOAD, estimated: true, parts });
});

test('gapOfAReconnectionWithinAnEpochIsExact', () => {
  const fixture = new Fixture();
  fixture.start();
  fixture.frame(0);
  fixture.reconnect();
  fixture.start();
  fixture.frame(300 * FRAME);
  assert.deepEqual(fixture.frames[1].gap.parts, [{ sampleCount: 299 * FRAME, cause: NOT_CONNECTED, estimated: false }]);
});

test('gapOfARestartedServerIsTheTimeThatPassed', () => {
  const fixture = new Fixture();
  fixture.start();
  fixture.frame(0);
  fixture.reconnect();
  fixture.start(2);
  fixture.frame(0, { originMs: 4_000 });
  assert.equal(fixture.frames[1].gap.estimated, true);
  assert.ok(Math.abs(fixture.frames[1].gap.sampleCount - (3 * RATE - FRAME)) <= 1);
});

test('gapOfARestartedServerIgnoresAClockThatWasSet', () => {
  const fixture = new Fixture();
  fixture.start();
  fixture.frame(0);
  fixture.reconnect();
  fixture.start(2);
  fixture.frame(0, { originMs: 4_000, wallMs: 9e11 });
  assert.ok(Math.abs(fixture.frames[1].gap.sampleCount - (3 * RATE - FRAME)) <= RATE / 1_000);
});

test('creditGrowsIfFramesWaitForItAndShrinksAgain', () => {
  const fixture = new Fixture();
  fixture.start();
  fixture.frame(0);
  let index = 2 * FRAME;
  for (let i = 0; i < 20; i++, index += 2 * FRAME) fixture.frame(index, { gap: gap(FRAME, Cause.SLOW_SUBSCRIBER) });
  const grown = fixture.sent.reduce((sum, { credit }) => sum + credit, 0) - 21;
  assert.equal(grown, 30 - 7); // from 61 ms to 300 ms
  for (let i = 0; i < 30_000; i++, index += FRAME) fixture.frame(index);
  assert.equal(fixture.sent.reduce((sum, { credit }) => sum + credit, 0), fixture.frames.length);
});

test('rateIsOneThatEveryBrowserPlays', () => {
  assert.deepEqual([4_000, 8_000, 48_000, 96_000, 192_000].map(requestedRate), [8_000, 0, 0, 0, 96_000]);
});
