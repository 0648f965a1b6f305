import assert from 'node:assert/strict';
import test from 'node:test';
import { closeStatus, refusalStatus } from '../../main/resources/dev/lavalier/web/page/call.js';
import { countClipped, decodePcm, encodePcm, playedChannels, wavHeader } from '../../main/resources/dev/lavalier/web/page/pcm.js';
import { Recorder } from '../../main/resources/dev/lavalier/web/page/recorder.js';
import { RepeatedCall } from '../../main/resources/dev/lavalier/web/page/repeated-call.js';
import { shellQuoted, snippets } from '../../main/resources/dev/lavalier/web/page/snippets.js';
import { decibels, decibelText, duration, gapText, statusText } from '../../main/resources/dev/lavalier/web/page/words.js';

test('closeCodesAreStatusCodes', () => {
  assert.deepEqual(closeStatus(1000, ''), { code: 0, message: '' });
  assert.deepEqual(closeStatus(4014, 'The server is stopping.'), { code: 14, message: 'The server is stopping.' });
  assert.equal(closeStatus(1006, '').code, 14);
});

test('refusalsHaveTheLineOfTheServer', () => {
  assert.deepEqual(refusalStatus(401, 'line'), { code: 16, message: 'line' });
  assert.deepEqual(refusalStatus(403, 'line'), { code: 7, message: 'line' });
  assert.deepEqual(refusalStatus(429, 'line'), { code: 8, message: 'line' });
  assert.deepEqual(refusalStatus(426, 'line'), { code: 14, message: 'The WebSocket did not open (HTTP 426).' });
});

test('statusHasTheMessageAndWhatToDo', () => {
  assert.equal(statusText({ code: 7, message: 'no grant', retryMs: null }), 'no grant. Ask the operator of the server for access.');
  assert.equal(statusText({ code: 14, message: 'The device is busy.', retryMs: 250 }), 'The device is busy. The page connects again.');
});

test('callIsRepeatedWithGrowingDelayUntilAnErrorIsFinal', () => {
  const delays = [];
  let current;
  let retry;
  new RepeatedCall({ onMessage: () => {}, onEnd: ({ retryMs }) => delays.push(retryMs) },
    (options) => { current = options; return { cancel() {} }; }, (task) => { retry = task; });
  for (let i = 0; i < 7; i++) {
    current.onEnd({ code: 14, message: '' });
    retry();
  }
  current.onMessage({});
  current.onEnd({ code: 14, message: '' });
  retry();
  current.onEnd({ code: 16, message: '' });
  assert.deepEqual(delays, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 250, null]);
});

test('gapHasCountLengthAndCauses', () => {
  const one = { sampleCount: 229_440, cause: 1, estimated: false, parts: [{}] };
  assert.equal(gapText(one, 48_000), '229\u202f440 samples missing (4.8 s): this page or the network was too slow');
  const two = { sampleCount: 3, cause: 2, estimated: true, parts: [{ sampleCount: 2, cause: 2 }, { sampleCount: 1, cause: 99 }] };
  assert.equal(gapText(two, 3_000), 'about 3 samples missing (1 ms): 2: the device lost them; 1: the cause is unknown');
});

test('numbersAreShort', () => {
  assert.deepEqual([0.2, 12.4, 3_400, 125_000].map(duration), ['0.2 ms', '12 ms', '3.4 s', '2 min 5 s']);
  assert.deepEqual([decibelText(decibels(0.25)), decibelText(decibels(0))], ['\u221212.0', '\u2212\u221e']);
});

test('snippetsQuoteTheDevice', () => {
  assert.equal(shellQuoted('PCH,0'), 'PCH,0');
  assert.equal(shellQuoted("Bob's mic; rm"), "'Bob'\\''s mic; rm'");
  const [program, python, ffmpeg] = snippets('Mic "A"', new URL('http://127.0.0.1:8080/')).map(({ text }) => text);
  assert.equal(program, "lavalier record --device 'Mic \"A\"' --seconds 5 take.wav");
  assert.match(python, /device_id="Mic \\"A\\""/);
  assert.equal(ffmpeg, 'ffmpeg -i http://127.0.0.1:8080/devices/Mic%20%22A%22.wav -t 5 take.flac');
});

test('snippetsOfARemoteServerUseTls', () => {
  const [program, python] = snippets('tone', new URL('https://studio.example:8443/')).map(({ text }) => text);
  assert.match(program, /--server studio\.example:50051 --ca ca\.pem --token-file my\.token/);
  assert.match(python, /secure_channel\("studio\.example:50051"/);
});

test('everyEncodingIsDecoded', () => {
  const decoded = (encoding, bytes) => {
    const { channels, clipped } = decodePcm(Uint8Array.from(bytes), { encoding, channelCount: 1 });
    return [...channels[0], ...clipped];
  };
  assert.deepEqual(decoded(1, [0, 0x40, 0, 0x80, 0xff, 0x7f]), [0.5, -1, 32767 / 32768, 2]);
  assert.deepEqual(decoded(2, [0, 0, 0x40, 0, 0, 0x80]), [0.5, -1, 1]);
  assert.deepEqual(decoded(3, [0, 0, 0, 0x40, 0, 0, 0, 0x80]), [0.5, -1, 1]);
  const floats = new Uint8Array(Float32Array.of(0.5, Infinity, -0.25, NaN).buffer);
  assert.deepEqual(decoded(4, floats), [0.5, 0, -0.25, 0, 2]);
});

test('moreThanTwoChannelsArePlayedAsTheirMean', () => {
  assert.deepEqual(playedChannels([[1], [0], [0.5]].map((v) => Float32Array.from(v))), [Float32Array.of(0.5)]);
});

test('recordingHasSilenceForGapsAndARightHeader', async () => {
  const format = { encoding: 1, sampleRateHz: 8_000, channelCount: 1 };
  const recorder = new Recorder(format);
  recorder.add({ pcm: Uint8Array.of(1, 0, 2, 0), captureTimeUnixNanos: 5 }, { sampleCount: 9 });
  recorder.add({ pcm: Uint8Array.of(3, 0), captureTimeUnixNanos: 6 }, { sampleCount: 2 });
  const bytes = new Uint8Array(await recorder.finish().arrayBuffer());
  assert.deepEqual([...bytes.subarray(44)], [1, 0, 2, 0, 0, 0, 0, 0, 3, 0]);
  assert.deepEqual([...bytes.subarray(0, 44)], [...wavHeader(format, 10)]);
  assert.equal(new DataView(bytes.buffer).getUint32(4, true), bytes.length - 8);
  assert.equal(recorder.startUnixNanos, 5);
});

test('recordingIsBounded', async () => {
  const recorder = new Recorder({ encoding: 1, sampleRateHz: 8_000, channelCount: 1 }, 2_000_001);
  recorder.add({ pcm: new Uint8Array(2), captureTimeUnixNanos: 5 }, null);
  recorder.add({ pcm: new Uint8Array(2), captureTimeUnixNanos: 5 }, { sampleCount: 1e12 });
  assert.ok(recorder.full);
  assert.equal(recorder.finish().size, 44 + 2_000_000);
});

test('decodedSamplesAreEncodedAsTheyWere', () => {
  for (const [encoding, width] of [[1, 2], [2, 3]]) {
    const format = { encoding, channelCount: 2 };
    const bytes = Uint8Array.from({ length: width * 2 * 500 }, (_, i) => (i * 167 + (i >> 3)) & 0xff);
    assert.deepEqual(encodePcm(decodePcm(bytes, format).channels, format), bytes);
  }
  const loud = [Float32Array.of(1.5, -1.5)];
  assert.deepEqual([...encodePcm(loud, { encoding: 1 })], [0xff, 0x7f, 0, 0x80]);
  assert.deepEqual(countClipped(loud, { encoding: 1 }), [2]);
});
