// Records a stream in memory, as a WAV file. Gaps become silence.
import { bytesPerSample, wavHeader } from './pcm.js';

const MAX_BYTES = 512 * 1024 * 1024;
const CHUNK_BYTES = 1024 * 1024;

export class Recorder {
  #chunks = [];
  #chunk = new Uint8Array(CHUNK_BYTES);
  #used = 0;
  #bytes = 0;
  #maxBytes;

  /** When the first sample was captured, in nanoseconds since 1970; 0: no sample yet. */
  startUnixNanos = 0;

  constructor(format, maxBytes = MAX_BYTES) {
    this.format = format;
    this.#maxBytes = maxBytes - (maxBytes % bytesPerSample(format));
  }

  get seconds() {
    return this.#bytes / bytesPerSample(this.format) / this.format.sampleRateHz;
  }

  get full() {
    return this.#bytes === this.#maxBytes;
  }

  /** Adds a frame and the gap before it. A gap before the first frame is not part of the recording. */
  add(frame, gap) {
    if (this.startUnixNanos === 0) this.startUnixNanos = frame.captureTimeUnixNanos;
    else if (gap) this.#write(null, gap.sampleCount * bytesPerSample(this.format));
    this.#write(frame.pcm, frame.pcm.length);
  }

  /** Writes bytes, or zeros if `bytes` is null. */
  #write(bytes, length) {
    let rest = Math.min(length, this.#maxBytes - this.#bytes);
    let from = 0;
    this.#bytes += rest;
    while (rest > 0) {
      const count = Math.min(rest, CHUNK_BYTES - this.#used);
      if (bytes) this.#chunk.set(bytes.subarray(from, from + count), this.#used);
      this.#used += count;
      from += count;
      rest -= count;
      if (this.#used === CHUNK_BYTES) {
        this.#chunks.push(new Blob([this.#chunk])); // the browser can move it out of memory
        this.#chunk = new Uint8Array(CHUNK_BYTES);
        this.#used = 0;
      }
    }
  }

  /** Returns the file. */
  finish() {
    const padding = new Uint8Array(this.#bytes % 2);
    const parts = [wavHeader(this.format, this.#bytes), ...this.#chunks, this.#chunk.subarray(0, this.#used), padding];
    return new Blob(parts, { type: 'audio/wav' });
  }
}
