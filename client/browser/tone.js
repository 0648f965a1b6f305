// Measures what was played: a sine of 440 Hz, or a sound whose frequency shows its time.
import fs from 'node:fs';
import { peak, Spectrum } from '../../server/src/main/resources/dev/lavalier/web/page/fft.js';

export const RATE = 48_000;
const TONE_SIZE = 16_384;
const OMEGA = (2 * Math.PI * 440) / RATE;
// One dropped or repeated sample at a crest is 0.0008. A jump of 1 ms or more is larger than 0.01.
const DISCONTINUITY = 0.005;

const CHIRP_SECONDS = 60;
const CHIRP_HZ = 400;
const CHIRP_HZ_PER_SECOND = 100;
const CHIRP_SIZE = 4_096;
const AMPLITUDE = 0.25;
const HEADER_BYTES = 44;

const spectra = new Map();

/** Returns the frequency and the level of the strongest tone of the first samples. */
export function strongest(samples, size = TONE_SIZE) {
  if (!spectra.has(size)) spectra.set(size, new Spectrum(size));
  return peak(spectra.get(size).decibels(1, (to) => to.set(samples.slice(0, size))), RATE / size);
}

/** Returns the level of the highest sample in dBFS. */
export function peakDecibels(samples) {
  return 20 * Math.log10(samples.reduce((highest, value) => Math.max(highest, Math.abs(value)), 0));
}

/** Returns the number of places at which a sine of 440 Hz does not continue. */
export function discontinuities(samples) {
  let number = 0;
  let last = -RATE;
  for (let i = 2; i < samples.length; i++) {
    const rest = samples[i] - 2 * Math.cos(OMEGA) * samples[i - 1] + samples[i - 2];
    if (Math.abs(rest) <= DISCONTINUITY) continue;
    if (i - last > RATE / 10) number++; // an interruption has two ends
    last = i;
  }
  return number;
}

/** Returns the first part of a sine of 440 Hz, of 0.3 s, that is not interrupted; empty: none. */
export function uninterrupted(samples) {
  for (let at = 0; at + TONE_SIZE <= samples.length; at += TONE_SIZE / 8) {
    const part = samples.slice(at, at + TONE_SIZE);
    if (discontinuities(part) === 0 && part.some((value) => value !== 0)) return part;
  }
  return [];
}

/** Writes a WAV file of 16 bits at 48 kHz; `value(i)` is the value of sample i of all channels. */
export function writeWav(file, seconds, channelCount, value) {
  const step = 2 * channelCount;
  const count = seconds * RATE;
  const bytes = Buffer.alloc(HEADER_BYTES + count * step);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channelCount, 22);
  bytes.writeUInt32LE(RATE, 24);
  bytes.writeUInt32LE(RATE * step, 28);
  bytes.writeUInt16LE(step, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(count * step, 40);
  for (let i = 0; i < count; i++) {
    const rounded = Math.round(value(i) * 32_767);
    for (let c = 0; c < channelCount; c++) bytes.writeInt16LE(rounded, HEADER_BYTES + i * step + 2 * c);
  }
  fs.writeFileSync(file, bytes);
}

/** Writes a file of 60 s in one channel, whose frequency rises from 400 Hz by 100 Hz each second. */
export function writeChirp(file) {
  writeWav(file, CHIRP_SECONDS, 1, (i) => {
    const t = i / RATE;
    return AMPLITUDE * Math.sin(2 * Math.PI * (CHIRP_HZ + (CHIRP_HZ_PER_SECOND / 2) * t) * t);
  });
}

/** Returns the samples of a recording of one channel. */
export function readMono(file) {
  const bytes = fs.readFileSync(file);
  return Float32Array.from({ length: (bytes.length - HEADER_BYTES) / 2 }, (_, i) => bytes.readInt16LE(HEADER_BYTES + 2 * i) / 32_768);
}

/** Returns the runs of at least 10 ms of zeros: `{ from, length }`. */
export function silencesIn(samples) {
  const runs = [];
  for (let i = 0, from = 0; i <= samples.length; i++) {
    if (samples[i] === 0) continue;
    if (i - from >= RATE / 100) runs.push({ from, length: i - from });
    from = i + 1;
  }
  return runs;
}

/** Returns the time in the file of a chirp, in milliseconds, from its frequency. */
export function chirpMs(hz) {
  return ((hz - CHIRP_HZ) / CHIRP_HZ_PER_SECOND) * 1e3;
}

/**
 * Returns `[at, ms]` for each part of 85 ms of a chirp: the index of its first sample, and its time
 * in the file. Leaves out parts that are not completely sound.
 */
export function chirpTimes(samples) {
  const times = [];
  for (let at = 0; at + CHIRP_SIZE <= samples.length; at += CHIRP_SIZE / 2) {
    const part = samples.slice(at, at + CHIRP_SIZE);
    const power = (from, to) => part.slice(from, to).reduce((sum, value) => sum + value * value, 0) / (to - from);
    const quarter = CHIRP_SIZE / 4;
    if (![0, 1, 2, 3].every((q) => power(q * quarter, (q + 1) * quarter) > AMPLITUDE ** 2 / 4)) continue;
    times.push([at, chirpMs(strongest(part, CHIRP_SIZE).hz)]);
  }
  return times;
}

/** Returns the difference of two times in a chirp, which repeats. */
export function chirpDifference(a, b) {
  const period = CHIRP_SECONDS * 1e3;
  return ((((a - b) % period) + 1.5 * period) % period) - period / 2;
}
