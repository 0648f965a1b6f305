// Codecs: what the frames of a stream contain, and the decoders.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { Codec, OnDeviceLoss, SampleEncoding, StreamStartedSchema } from '@lavalier/client';
import { FlacDecoder } from '../dist/flac.js';
import { loadOpusDecoder as loadNodeDecoder } from '../dist/node-decoders.js';
import { loadOpusDecoder as loadWebDecoder } from '../dist/web-decoders.js';
import { FRAME, opened, RATE, settle } from './scripted.js';

const OPUS = { codec: Codec.OPUS };
const NONE = new Uint8Array();

async function nextFrame(stream) {
  const { value } = await stream.next();
  return value;
}

function sendPacket(call, timing, number, ...bytes) {
  call.frame(number, timing.now(), undefined, { pcm: NONE, packet: Uint8Array.from(bytes) });
}

test('packets are decoded, by a new decoder in each epoch', async () => {
  const { stream, calls: [call], decoders, timing } = await opened({ ...OPUS, onDeviceLoss: OnDeviceLoss.WAIT }, {}, OPUS);
  sendPacket(call, timing, 0, 7, 1);
  const frame = await nextFrame(stream);
  assert.deepEqual(frame.packet, NONE);
  assert.deepEqual([frame.pcm.length, ...frame.pcm.subarray(0, 4)], [2 * FRAME, 7, 0, 7, 0]);
  call.start(2n, OPUS);
  sendPacket(call, timing, 1, 3);
  assert.equal((await nextFrame(stream)).pcm[0], 3);
  assert.deepEqual(decoders.map(({ closed }) => closed), [true, false]);
  stream.close();
  assert.ok(decoders[1].closed);
});

test('packets are returned if the program asks for them', async () => {
  const { stream, calls: [call], decoders, timing } = await opened({ codec: Codec.FLAC }, { packets: true }, { codec: Codec.FLAC });
  sendPacket(call, timing, 0, 7, 1);
  const { pcm, packet } = await nextFrame(stream);
  assert.deepEqual([pcm, packet], [NONE, Uint8Array.of(7, 1)]);
  assert.deepEqual(decoders, []);
});

test('a packet that cannot be decoded ends the stream', async () => {
  const { stream, calls: [call], decoders, timing } = await opened(OPUS, {}, OPUS);
  sendPacket(call, timing, 0);
  await assert.rejects(stream.next(), { kind: 'INTERNAL', code: 13, message: 'packet: malformed (expected: a packet of OPUS)' });
  assert.ok(call.cancelled && decoders[0].closed);
  assert.deepEqual(timing.deadlines, []);
});

test('a decoder that returns nothing ends the stream', async () => {
  const { stream, calls: [call], timing } = await opened(OPUS, {}, OPUS);
  sendPacket(call, timing, 0, 0);
  const next = stream.next();
  next.catch(() => {});
  await settle();
  timing.deadlines[0]();
  await settle();
  assert.equal(timing.deadlines.length, 2);
  timing.deadlines[1]();
  await assert.rejects(next, { kind: 'INTERNAL', message: /^packet: closed / });
});

test('close ends a reader that waits for a decoder', async () => {
  const { stream, calls: [call], timing } = await opened(OPUS, {}, OPUS);
  sendPacket(call, timing, 0, 0);
  const next = stream.next();
  await settle();
  stream.close();
  assert.deepEqual(await next, { done: true, value: undefined });
});

test('a server that is older than codecs sends PCM', async () => {
  const { stream, calls: [call], decoders, timing } = await opened(OPUS);
  call.frame(0, timing.now());
  assert.equal((await nextFrame(stream)).pcm.length, 2 * FRAME);
  assert.deepEqual(decoders, []);
});

const started = (codec, frameSize = FRAME, format = {}) => create(StreamStartedSchema, {
  codec, frameSize, format: { encoding: SampleEncoding.S16LE, sampleRateHz: RATE, channelCount: 1, ...format },
});

describe('node', () => {
  test('a malformed packet of Opus is reported', async (t) => {
    t.mock.method(console, 'error', () => {}); // the library prints each error
    const decoder = (await loadNodeDecoder())(started(Codec.OPUS));
    await assert.rejects(decoder.decode(Uint8Array.of(0xff, 0xff, 0xff, 1, 2, 3)));
    decoder.close();
    decoder.close();
    await assert.rejects(decoder.decode(Uint8Array.of(1)), { message: 'the decoder was closed' });
  });
});

describe('web', () => {
  /** A decoder of WebCodecs. Each packet has one sample, the first byte. */
  class AudioDecoder {
    static opened = [];
    state = 'configured';

    constructor(callbacks) {
      Object.assign(this, callbacks);
      AudioDecoder.opened.push(this);
    }

    configure(config) {
      this.config = config;
    }

    decode({ timestamp, data: [value] }) {
      const values = Float32Array.of(value);
      this.output({
        format: 'f32-planar', numberOfFrames: 1, numberOfChannels: 1, timestamp, copyTo: (to) => to.set(values), close() {},
      });
    }

    close() {
      this.state = 'closed';
    }
  }

  test('a browser without WebCodecs has no decoder', async () => {
    await assert.rejects(loadWebDecoder(), {
      kind: 'NOT_SUPPORTED', code: 12, message: /^codec: OPUS \(expected: a browser with WebCodecs, .* or the option packets\)$/,
    });
  });

  test('packets are decoded, also after the browser took its decoder back', async () => {
    Object.assign(globalThis, { AudioDecoder, EncodedAudioChunk: Object });
    try {
      const decoder = (await loadWebDecoder())(started(Codec.OPUS, 1));
      assert.deepEqual(await decoder.decode(Uint8Array.of(5)), [Float32Array.of(5)]);
      assert.deepEqual(AudioDecoder.opened[0].config,
        { codec: 'opus', sampleRate: RATE, numberOfChannels: 1 });
      AudioDecoder.opened[0].error(new Error('reclaimed'));
      assert.deepEqual(await decoder.decode(Uint8Array.of(6)), [Float32Array.of(6)]);
      AudioDecoder.opened[1].decode = () => {};
      const undecoded = decoder.decode(Uint8Array.of(7));
      AudioDecoder.opened[1].error(new Error('malformed'));
      await assert.rejects(undecoded, { message: 'malformed' });
      decoder.close();
    } finally {
      delete globalThis.AudioDecoder;
      delete globalThis.EncodedAudioChunk;
    }
  });
});

describe('FLAC', () => {
  /** Writes the bits of a frame of 16 samples of 16 bits, with the checksum of RFC 9639. */
  function frameOf(assignment, ...subframes) {
    const header = '1111111111111000' + '0110' + '1001' + assignment + '100' + '0' + '00000000' + '00001111' + '00000000';
    let bits = header + subframes.join('');
    bits += '0'.repeat((8 - (bits.length % 8)) % 8);
    const bytes = bits.match(/.{8}/g).map((byte) => parseInt(byte, 2));
    let crc = 0;
    for (const byte of bytes) {
      for (let bit = 7; bit >= 0; bit--) crc = ((crc << 1) ^ (((crc >>> 15) ^ (byte >>> bit)) & 1 ? 0x8005 : 0)) & 0xffff;
    }
    return Uint8Array.from([...bytes, crc >>> 8, crc & 0xff]);
  }

  const signed = (value, width) => (value < 0 ? value + 2 ** width : value).toString(2).padStart(width, '0');
  const constant = (value, width = 16) => `00000000${signed(value, width)}`;
  const decode = (packet, format) => new FlacDecoder(started(Codec.FLAC, 16, format)).decode(packet);
  const integers = (channels) => channels.map((samples) => [...samples].map((value) => value * 2 ** 15));
  const all = (value) => new Array(16).fill(value);

  test('channels are restored from each assignment', async () => {
    const stereo = { channelCount: 2 };
    const cases = [
      ['0001', constant(-32_768), constant(32_767), [-32_768, 32_767]],
      ['1000', constant(32_767), constant(65_535, 17), [32_767, -32_768]],
      ['1001', constant(-65_535, 17), constant(32_767), [-32_768, 32_767]],
      ['1010', constant(2), constant(-3, 17), [1, 4]],
    ];
    for (const [assignment, one, two, [left, right]] of cases) {
      assert.deepEqual(integers(await decode(frameOf(assignment, one, two), stereo)), [all(left), all(right)]);
    }
  });

  test('samples are restored from each predictor', async () => {
    const ramp = Array.from({ length: 16 }, (_, i) => 100 - 3 * i);
    const zeros = (count) => '1'.repeat(count); // residuals with the parameter 0
    const verbatim = `00000010${ramp.map((value) => signed(value, 16)).join('')}`;
    const second = `00010100${signed(100, 16)}${signed(97, 16)}${'00'}${'0000'}${'0000'}${zeros(14)}`;
    // Order 2, coefficients of 4 bits with a shift of 1: 4 and -2. The residuals are in a partition of raw bits, of which there are 0.
    const linear = `01000010${signed(100, 16)}${signed(97, 16)}0011${'00001'}${signed(4, 4)}${signed(-2, 4)}00${'0000'}${'1111'}00000`;
    const cut = `00010100${signed(50, 16)}`;
    for (const subframe of [verbatim, second, linear]) {
      assert.deepEqual(integers(await decode(frameOf('0000', subframe))), [ramp]);
    }
    await assert.rejects(decode(frameOf('0000', cut)), { message: 'too short' });
    const even = `000000011${signed(-50, 15)}`; // constant, with 1 wasted bit
    assert.deepEqual(integers(await decode(frameOf('0000', even))), [all(-100)]);
    const residuals = `00010000${'00'}${'0000'}${'0010'}${'1' + '00'}${'01' + '01'}${'1' + '11'}${('1' + '00').repeat(13)}`;
    assert.deepEqual(integers(await decode(frameOf('0000', residuals))), [[0, -3, -2, ...new Array(13).fill(0)]]);
  });

  test('malformed packets are reported', async () => {
    const whole = frameOf('0000', constant(1));
    await assert.rejects(decode(Uint8Array.of()), { message: 'too short' });
    await assert.rejects(decode(whole.map((byte, i) => (i === 8 ? byte ^ 1 : byte))), { message: 'wrong checksum' });
    await assert.rejects(decode(frameOf('0001', constant(1), constant(1))), { message: 'other channels' });
    await assert.rejects(decode(frameOf('0000', '00001100')), { message: 'unknown subframe' });
    await assert.rejects(decode(frameOf('0000', constant(1), '11111111')), { message: 'too long' });
    await assert.rejects(new FlacDecoder(started(Codec.FLAC, 32)).decode(whole), { message: 'another block size' });
    await assert.rejects(decode(whole, { encoding: SampleEncoding.S24LE }), { message: 'another width' });
  });
});
