import assert from 'node:assert/strict';
import test from 'node:test';
import { CHOICES, isLoopback, requestedCodec, requestedFormat, supportedCodecs } from '../../main/resources/dev/lavalier/web/page/codecs.js';
import { Codec } from '../../main/resources/dev/lavalier/web/page/contract.js';
import { channelsOf, PacketDecoder } from '../../main/resources/dev/lavalier/web/page/packet-decoder.js';

const ALL = new Set([Codec.PCM, Codec.OPUS, Codec.FLAC]);

function codecFor(value, hostname, channelCount, supported = ALL) {
  return requestedCodec(value, { hostname, channelCount, supported }).codec;
}

test('pageItselfChoosesOpusOverANetworkOnly', () => {
  assert.equal(codecFor('auto', 'studio.example', 2), Codec.OPUS);
  assert.equal(codecFor('auto', '192.168.1.2', 1), Codec.OPUS);
  for (const host of ['localhost', 'lavalier.localhost', '127.0.0.1', '[::1]']) {
    assert.equal(codecFor('auto', host, 2), Codec.PCM);
    assert.ok(isLoopback(host));
  }
  assert.equal(codecFor('auto', 'studio.example', 8), Codec.PCM);
  assert.equal(codecFor('auto', 'studio.example', 2, new Set([Codec.PCM])), Codec.PCM);
});

test('choiceOfTheUserCountsIfTheBrowserHasTheCodec', () => {
  assert.deepEqual(requestedCodec('opus-96', { hostname: 'localhost', channelCount: 8, supported: ALL }), { codec: Codec.OPUS, bitrate: 96_000 });
  assert.equal(codecFor('flac', 'localhost', 2), Codec.FLAC);
  assert.equal(codecFor('flac', 'localhost', 2, new Set([Codec.PCM])), Codec.PCM);
  assert.equal(codecFor('pcm', 'studio.example', 2), Codec.PCM);
});

test('bitratesAreThoseOfTheContract', () => {
  const contract = [16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000];
  for (const { codec, bitrate } of CHOICES) {
    if (codec === Codec.OPUS) assert.ok(contract.includes(bitrate));
  }
});

test('opusHasARateAndChannelsThatBrowsersDecode', () => {
  assert.deepEqual(requestedFormat(Codec.OPUS, 96_000, 2), { sampleRateHz: 48_000, channelCount: 0 });
  assert.deepEqual(requestedFormat(Codec.OPUS, 0, 8), { sampleRateHz: 48_000, channelCount: 1 });
  assert.deepEqual(requestedFormat(Codec.FLAC, 96_000, 8), { sampleRateHz: 96_000 });
});

test('browserWithoutWebCodecsHasPcm', async () => {
  assert.deepEqual(await supportedCodecs(undefined), new Set([Codec.PCM]));
  const opusOnly = { isConfigSupported: async ({ codec }) => ({ supported: codec === 'opus' }) };
  assert.deepEqual(await supportedCodecs(opusOnly), new Set([Codec.PCM, Codec.OPUS]));
});

/** Audio data of WebCodecs; `planes` are arrays of its samples. */
function audioData(format, numberOfChannels, planes, timestamp = 0) {
  return {
    format, numberOfChannels, timestamp, numberOfFrames: planes[0].length / (format.endsWith('planar') ? 1 : numberOfChannels),
    copyTo: (to, { planeIndex, format: wanted }) => {
      assert.ok(!wanted || wanted === format);
      to.set(planes[planeIndex]);
    },
    close: () => {},
  };
}

test('audioDataOfEachFormatBecomesChannels', () => {
  const expected = [Float32Array.of(0.5, -1), Float32Array.of(0, 0.25)];
  assert.deepEqual(channelsOf(audioData('s16', 2, [[16_384, 0, -32_768, 8_192]])), expected);
  assert.deepEqual(channelsOf(audioData('s16-planar', 2, [[16_384, -32_768], [0, 8_192]])), expected);
  assert.deepEqual(channelsOf(audioData('s32-planar', 2, [[2 ** 30, -(2 ** 31)], [0, 2 ** 29]])), expected);
  assert.deepEqual(channelsOf(audioData('f32-planar', 2, expected)), expected);
});

/** A decoder of WebCodecs that returns what the test says. */
class TestDecoder {
  state = 'configured';

  constructor(callbacks) {
    Object.assign(this, callbacks);
  }

  configure(config) {
    this.config = config;
  }

  decode() {}

  close() {
    this.state = 'closed';
  }
}

function packetDecoder(codec = Codec.OPUS) {
  const decoded = [];
  let inner;
  const started = { codec, codecConfig: Uint8Array.of(1), frameSize: 2, format: { sampleRateHz: 100, channelCount: 1 } };
  const decoder = new PacketDecoder(started, (entry, channels) => decoded.push([entry, channels && [...channels[0]]]), () => {}, class extends TestDecoder {
    constructor(callbacks) {
      super(callbacks);
      inner = this;
    }
  });
  const output = (timestamp, ...samples) => inner.output(audioData('f32-planar', 1, [samples], timestamp));
  return { decoder, decoded, output, config: inner.config, decode: (entry) => decoder.decode(Uint8Array.of(0), entry, (chunk) => chunk) };
}

test('onlyFlacNeedsADescription', () => {
  assert.deepEqual(packetDecoder().config, { codec: 'opus', sampleRate: 100, numberOfChannels: 1 });
  assert.deepEqual(packetDecoder(Codec.FLAC).config, { codec: 'flac', sampleRate: 100, numberOfChannels: 1, description: Uint8Array.of(1) });
});

test('eachPacketHasItsAudioOrNone', () => {
  const { decoder, decoded, output, decode } = packetDecoder();
  for (const entry of ['a', 'b', 'c', 'd', 'e']) decode(entry);
  output(1, 0.5, 0.25); // a time can be rounded
  output(40_000, 1, 1); // nothing for b
  output(60_000, 1); // not a whole frame
  assert.equal(decoder.waiting, 1);
  decoder.close();
  assert.deepEqual(decoded, [['a', [0.5, 0.25]], ['b', null], ['c', [1, 1]], ['d', null], ['e', null]]);
});
