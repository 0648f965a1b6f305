// Decodes and encodes PCM, and writes WAV headers.
import { Encoding } from './contract.js';

const BYTES_PER_VALUE = { [Encoding.S16LE]: 2, [Encoding.S24LE]: 3, [Encoding.S32LE]: 4, [Encoding.F32LE]: 4 };
const WAVE_FORMAT_PCM = 1;
const WAVE_FORMAT_FLOAT = 3;
const S16_CLIP = 32767;
const S24_CLIP = 8388607;

/** Returns the size of one sample of all channels in bytes. */
export function bytesPerSample({ encoding, channelCount }) {
  return BYTES_PER_VALUE[encoding] * channelCount;
}

/** Returns a name of a format such as 48000/2/s16le, as the programs take it. */
export function formatName({ encoding, sampleRateHz, channelCount }) {
  const name = { [Encoding.S16LE]: 's16le', [Encoding.S24LE]: 's24le', [Encoding.S32LE]: 's32le', [Encoding.F32LE]: 'f32le' };
  return `${sampleRateHz}/${channelCount}/${name[encoding] ?? 'unknown'}`;
}

function reader(view, encoding) {
  switch (encoding) {
    case Encoding.S16LE:
      return (at) => view.getInt16(at, true) / 32768;
    case Encoding.S24LE:
      return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 65536) / 8388608;
    case Encoding.S32LE:
      return (at) => view.getInt32(at, true) / 2147483648;
    default:
      return (at) => view.getFloat32(at, true);
  }
}

/** Returns the least absolute value that counts as clipped: the largest value of the encoding. */
function clipLevel(encoding) {
  if (encoding === Encoding.F32LE) return 1;
  return encoding === Encoding.S16LE ? S16_CLIP / 32768 : S24_CLIP / 8388608;
}

/**
 * Decodes interleaved PCM. Returns one Float32Array per channel, and the number of clipped values of
 * each channel. A float that is infinite or not a number is clipped, and becomes 0.
 */
export function decodePcm(pcm, format) {
  const view = new DataView(pcm.buffer, pcm.byteOffset, pcm.byteLength);
  const read = reader(view, format.encoding);
  const clip = clipLevel(format.encoding);
  const width = BYTES_PER_VALUE[format.encoding];
  const step = width * format.channelCount;
  const count = Math.floor(pcm.byteLength / step);
  const channels = [];
  const clipped = [];
  for (let channel = 0; channel < format.channelCount; channel++) {
    const values = new Float32Array(count);
    let clips = 0;
    for (let i = 0, at = channel * width; i < count; i++, at += step) {
      const value = read(at);
      const finite = Number.isFinite(value);
      if (!finite || value >= clip || value <= -clip) clips++;
      values[i] = finite ? value : 0;
    }
    channels.push(values);
    clipped.push(clips);
  }
  return { channels, clipped };
}

/** Returns the number of clipped values of each channel. */
export function countClipped(channels, { encoding }) {
  const clip = clipLevel(encoding);
  return channels.map((values) => values.reduce((sum, value) => sum + (value >= clip || value <= -clip ? 1 : 0), 0));
}

/** Encodes channels as interleaved PCM. The encoding is S16LE or S24LE, as that of every codec. */
export function encodePcm(channels, { encoding }) {
  const width = BYTES_PER_VALUE[encoding];
  const scale = 2 ** (width * 8 - 1);
  const bytes = new Uint8Array(channels[0].length * channels.length * width);
  let at = 0;
  for (let i = 0; i < channels[0].length; i++) {
    for (const values of channels) {
      const value = Math.max(-scale, Math.min(scale - 1, Math.round(values[i] * scale)));
      for (let shift = 0; shift < width * 8; shift += 8) bytes[at++] = value >> shift;
    }
  }
  return bytes;
}

/** Returns the channels to play: one or two as they are; of more, the mean. */
export function playedChannels(channels) {
  if (channels.length <= 2) return channels.map((values) => values.slice());
  const mean = new Float32Array(channels[0].length);
  for (const values of channels) {
    for (let i = 0; i < mean.length; i++) mean[i] += values[i] / channels.length;
  }
  return [mean];
}

/** Returns the header of a WAV file of less than 4 GiB. */
export function wavHeader(format, dataBytes) {
  const isFloat = format.encoding === Encoding.F32LE;
  const fmtBytes = isFloat ? 18 : 16; // a float has the size of an extension, 0, which readers require
  const bytes = new Uint8Array(28 + fmtBytes);
  const view = new DataView(bytes.buffer);
  const text = (at, value) => bytes.set(new TextEncoder().encode(value), at);
  const step = bytesPerSample(format);
  text(0, 'RIFF');
  view.setUint32(4, bytes.length - 8 + dataBytes + (dataBytes % 2), true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, fmtBytes, true);
  view.setUint16(20, isFloat ? WAVE_FORMAT_FLOAT : WAVE_FORMAT_PCM, true);
  view.setUint16(22, format.channelCount, true);
  view.setUint32(24, format.sampleRateHz, true);
  view.setUint32(28, format.sampleRateHz * step, true);
  view.setUint16(32, step, true);
  view.setUint16(34, BYTES_PER_VALUE[format.encoding] * 8, true);
  text(bytes.length - 8, 'data');
  view.setUint32(bytes.length - 4, dataBytes, true);
  return bytes;
}
