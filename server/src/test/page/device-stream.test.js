import assert from 'node:assert/strict';
import test from 'node:test';
import { Cause, Codec } from '../../main/resources/dev/lavalier/web/page/contract.js';
import { DeviceStream, requestedRate } from '../../main/resources/dev/lavalier/web/page/device-stream.js';
import { NOT_CONNECTED, NOT_DECODED } from '../../main/resources/dev/lavalier/web/page/position.js';

const RATE = 48_000;
const FRAME = 480;
const FORMAT = { encoding: 1, sampleRateHz: RATE, channelCount: 1 };

/** A decoder that decodes when the test says so. */
class TestDecoder {
  entries = [];

  constructor(onDecoded, onError) {
    this.onDecoded = onDecoded;
    this.onError = onError;
  }

  get waiting() {
    return this.entries.length;
  }

  decode(packet, entry) {
    this.entries.push(entry);
  }

  /** Returns audio for the oldest packet, or nothing. */
  next(channels = [new Float32Array(FRAME)]) {
    this.onDecoded(this.entries.shift(), channels);
  }

  close() {
    for (const entry of this.entries.splice(0)) this.onDecoded(entry, null);
  }
}

/** A stream with a call, a clock and a decoder of its own. */
class Fixture {
  constructor({ codec = Codec.PCM } = {}) {
    this.now = 1_000;
    this.sent = [];
    this.frames = [];
    this.ends = [];
    this.reasons = [];
    this.decoders = [];
    this.stream = new DeviceStream({
      deviceId: 'mic', sampleRateHz: RATE, channelCount: 1, codec, bitrate: 0, token: '', roundTripMs: () => 1,
      onStarted: () => {}, onNotice: () => {},
      onEnd: (status) => this.ends.push(status),
      onNoCodec: (reason) => this.reasons.push(reason),
      onFrame: (frame, gap) => this.frames.push({ index: frame.sampleIndex, gap }),
    }, (options) => {
      this.call = options;
      return { send: (request) => this.sent.push(request), cancel: () => {} };
    }, () => this.now, (started, onDecoded, onError) => {
      this.decoder = new TestDecoder(onDecoded, onError);
      this.decoders.push(this.decoder);
      return this.decoder;
    });
    this.call.onStart();
  }

  start(epoch = 1, codec = Codec.PCM) {
    this.call.onMessage({ started: { deviceId: 'mic', epoch, format: FORMAT, frameSize: FRAME, maxLatencyMs: 200, codec } });
  }

  /** Delivers a frame; `delayMs` is how late it arrives. `originMs`: the clock when its epoch began. */
  frame(index, { gap = null, delayMs = 0, originMs = 1_000, wallMs = originMs + 5e11 } = {}) {
    const captured = (index / RATE) * 1e3;
    const read = originMs + captured + 10;
    this.now = read + 2 + delayMs;
    this.call.onMessage({
      frame: {
        pcm: new Uint8Array(FRAME * 2), packet: new Uint8Array(0), sampleIndex: index, captureTimeUnixNanos: (wallMs + captured) * 1e6,
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

test('packetsThatWaitForTheDecoderCostCredit', () => {
  const fixture = new Fixture({ codec: Codec.OPUS });
  fixture.start(1, Codec.OPUS);
  for (let i = 0; i < 3; i++) fixture.frame(i * FRAME);
  assert.deepEqual([fixture.sent, fixture.frames], [[], []]);
  for (let i = 0; i < 3; i++) fixture.decoder.next();
  // 61 ms are 4 of the packets of 20 ms that were requested, and 7 of the frames here.
  assert.equal(fixture.sent.reduce((sum, { credit }) => sum + credit, 0), 3 + 7 - 4);
  assert.equal(fixture.stream.received, 3 * FRAME);
});

test('packetWithoutAudioAndPacketThatWaitedTooLongAreTheGapOfTheNextFrame', () => {
  const fixture = new Fixture({ codec: Codec.OPUS });
  fixture.start(1, Codec.OPUS);
  for (const [index, before] of [[0, null], [1, null], [5, gap(3 * FRAME, Cause.DEVICE_OVERRUN)]]) {
    fixture.frame(index * FRAME, { gap: before });
  }
  fixture.decoder.next(null);
  fixture.now += 5_000;
  fixture.decoder.next();
  fixture.decoder.next();
  fixture.frame(506 * FRAME, { gap: gap(500 * FRAME, Cause.SLOW_SUBSCRIBER) });
  fixture.decoder.next();
  assert.deepEqual(fixture.frames.map(({ index }) => index), [506 * FRAME]);
  assert.deepEqual(fixture.frames[0].gap.parts.map(({ sampleCount, cause }) => [sampleCount / FRAME, cause]),
    [[502, Cause.SLOW_SUBSCRIBER], [3, Cause.DEVICE_OVERRUN], [1, NOT_DECODED]]);
  assert.equal(fixture.stream.received + fixture.stream.missing, 507 * FRAME);
});

test('packetsInTheDecoderAreCountedWhenTheConnectionIsLost', () => {
  const fixture = new Fixture({ codec: Codec.OPUS });
  fixture.start(1, Codec.OPUS);
  fixture.frame(0);
  fixture.decoder.next();
  fixture.frame(FRAME);
  fixture.reconnect();
  fixture.start(1, Codec.OPUS);
  fixture.frame(10 * FRAME);
  fixture.decoder.next();
  assert.deepEqual(fixture.frames[1].gap.parts.map(({ sampleCount, cause }) => [sampleCount / FRAME, cause]),
    [[8, NOT_CONNECTED], [1, NOT_DECODED]]);
  assert.equal(fixture.decoders.length, 2);
});

test('decoderThatTheBrowserTookBackWhileItWasIdleIsReplaced', () => {
  const fixture = new Fixture({ codec: Codec.OPUS });
  fixture.start(1, Codec.OPUS);
  fixture.frame(0);
  fixture.decoder.next();
  fixture.decoder.onError('reclaimed');
  fixture.frame(FRAME);
  fixture.decoder.next();
  assert.deepEqual([fixture.decoders.length, fixture.frames.length, fixture.reasons], [2, 2, []]);
  fixture.frame(2 * FRAME);
  fixture.decoder.onError('malformed');
  assert.deepEqual(fixture.reasons, ['The browser cannot decode Opus: malformed']);
});

test('refusedCodecIsReportedAndOtherEndsAreNot', () => {
  const refused = new Fixture({ codec: Codec.FLAC });
  refused.call.onEnd({ code: 9, message: 'codec: FLAC (expected: PCM)', retryMs: null });
  assert.deepEqual(refused.reasons, ['The server refuses FLAC: codec: FLAC (expected: PCM)']);
  const lost = new Fixture({ codec: Codec.FLAC });
  lost.call.onEnd({ code: 14, message: '', retryMs: 250 });
  const pcm = new Fixture();
  pcm.call.onEnd({ code: 9, message: '', retryMs: null });
  const running = new Fixture({ codec: Codec.FLAC });
  running.start(1, Codec.FLAC);
  running.call.onEnd({ code: 8, message: 'stalled', retryMs: 250 });
  assert.deepEqual([lost, pcm, running].map(({ reasons, ends }) => [reasons.length, ends.length]), Array(3).fill([0, 1]));
});

test('serverWithoutCodecsSendsPcm', () => {
  const fixture = new Fixture({ codec: Codec.OPUS });
  fixture.start(1, Codec.UNSPECIFIED);
  fixture.frame(0);
  assert.deepEqual([fixture.frames.length, fixture.decoders.length], [1, 0]);
});
