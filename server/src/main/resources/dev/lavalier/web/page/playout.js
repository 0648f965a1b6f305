// The queue between the frames and the sound card. The worklet uses it; it needs no browser.

const MAX_TARGET_MS = 500;
const CAPACITY_MS = 1_500;
const MAX_QUEUE_ABOVE_TARGET_MS = 250;
const DROP_ABOVE_TARGET_MS = 40;
const CORRECTION_INTERVAL_MS = 100;
const SETTLING_MS = 500;
const STABLE_MS = 10_000;
const WINDOW_MS = 1_000;
const FADE_MS = 3;

/**
 * Keeps the queue as short as the jitter of the frames permits. The queue is lowest just before a
 * frame is written: its low mark is the minimum of each second, and is kept at a target.
 *
 * - After an underrun, the target grows by half, to at most 500 ms, and silence fills the queue up
 *   to the target. After every 10 s without one, it shrinks by a tenth, down to its initial value.
 * - If the low mark differs from the target by more than a frame, because two clocks differ, one
 *   sample in 100 ms is dropped or repeated until the target is met, at the smallest step of the
 *   signal.
 * - If the low mark is more than 40 ms above the target, or the queue more than 250 ms, whole frames
 *   are dropped until the target is met.
 *
 * Sound begins and ends with a fade of 3 ms. Counts are in samples per channel.
 */
export class Playout {
  #rate;
  #channels; // rings
  #from = 0; // positions since the start; the place in the ring is the remainder
  #to = 0;
  #minTarget;
  #target;
  #started = false;
  #dry = true;
  #lowMark = Infinity;
  #window = 0;
  #stable = 0;
  #correction = 0; // samples to drop; if negative, to repeat
  #sinceCorrection = 0;
  #dropping = false;
  #fadeInFrom = null; // the gain rises from 0 at this position
  #last; // the last value of each channel that was played

  underruns = 0;
  skippedFrames = 0;
  correctedSamples = 0;

  constructor(rate, channelCount, targetMs) {
    this.#rate = rate;
    this.capacity = this.#samples(CAPACITY_MS);
    this.#channels = Array.from({ length: channelCount }, () => new Float32Array(this.capacity));
    this.#last = new Float32Array(channelCount);
    this.#minTarget = this.#samples(targetMs);
    this.#target = this.#minTarget;
  }

  #samples(ms) {
    return Math.round((ms * this.#rate) / 1e3);
  }

  get queued() {
    return this.#to - this.#from;
  }

  get targetMs() {
    return (this.#target / this.#rate) * 1e3;
  }

  /** Queues a frame: one Float32Array for each channel. */
  write(frame) {
    const count = frame[0].length;
    if (this.#dry) this.#restart();
    const queued = this.queued;
    if (this.#shouldDrop(queued, count)) {
      this.#fadeOutEnd();
      this.skippedFrames++;
      return;
    }
    this.#updateLowMark(queued, count);
    this.#sinceCorrection += count;
    if (this.#correction !== 0 && this.#sinceCorrection >= this.#samples(CORRECTION_INTERVAL_MS)) {
      this.#append(this.#corrected(frame));
      this.#sinceCorrection = 0;
    } else {
      this.#append(frame);
    }
  }

  /** Queues silence in place of missing samples, at most until the queue reaches the target. */
  writeMissing(count) {
    this.#fadeOutEnd();
    const silence = Math.max(0, Math.min(count, this.#target - this.queued));
    if (!this.#dry) this.#appendSilence(silence);
  }

  /** Drops what is queued. */
  clear() {
    this.#from = this.#to;
    this.#dry = true;
  }

  #restart() {
    if (this.#started) {
      this.underruns++;
      this.#target = Math.min(this.#samples(MAX_TARGET_MS), this.#target + Math.floor(this.#target / 2));
      this.#stable = 0;
    }
    this.#started = true;
    this.#dry = false;
    this.#appendSilence(this.#target);
    this.#startWindow(-this.#samples(SETTLING_MS));
    this.#dropping = false;
    this.#fadeInFrom = this.#to;
  }

  #startWindow(from) {
    this.#lowMark = Infinity;
    this.#window = from;
    this.#correction = 0;
  }

  #shouldDrop(queued, count) {
    if (queued > this.#target + this.#samples(MAX_QUEUE_ABOVE_TARGET_MS) || queued + count > this.capacity) {
      this.#dropping = true;
    } else if (this.#dropping && queued < this.#target + count) {
      this.#dropping = false;
      this.#startWindow(0);
    }
    return this.#dropping;
  }

  #updateLowMark(queued, count) {
    if (this.#window >= 0) this.#lowMark = Math.min(this.#lowMark, queued);
    this.#window += count;
    this.#stable += count;
    if (this.#stable >= this.#samples(STABLE_MS)) {
      this.#stable = 0;
      this.#target = Math.max(this.#minTarget, this.#target - Math.floor(this.#target / 10));
    }
    if (this.#window >= this.#samples(WINDOW_MS)) {
      const excess = this.#lowMark - this.#target;
      const drifted = Math.abs(excess) > count || this.#correction !== 0;
      this.#startWindow(0);
      this.#dropping = excess > Math.max(this.#samples(DROP_ABOVE_TARGET_MS), count);
      if (drifted && !this.#dropping) this.#correction = excess;
    }
  }

  /** Drops or repeats the sample that differs least from the one before. */
  #corrected(frame) {
    let at = 1;
    let smallest = Infinity;
    for (let i = 1; i < frame[0].length; i++) {
      let step = 0;
      for (const values of frame) step += Math.abs(values[i] - values[i - 1]);
      if (step < smallest) {
        smallest = step;
        at = i;
      }
    }
    this.correctedSamples++;
    const drop = this.#correction > 0;
    this.#correction += drop ? -1 : 1;
    return frame.map((values) => {
      const result = new Float32Array(values.length + (drop ? -1 : 1));
      result.set(values.subarray(0, at));
      result.set(values.subarray(drop ? at + 1 : at), drop ? at : at + 1);
      if (!drop) result[at] = values[at];
      return result;
    });
  }

  #append(frame) {
    const count = frame[0].length;
    const fade = this.#samples(FADE_MS);
    for (let c = 0; c < frame.length; c++) {
      const ring = this.#channels[c];
      const values = frame[c];
      for (let i = 0; i < count; i++) {
        const position = this.#to + i;
        const since = this.#fadeInFrom === null ? fade : position - this.#fadeInFrom;
        ring[position % this.capacity] = since < fade ? (values[i] * since) / fade : values[i];
      }
    }
    this.#to += count;
    if (this.#fadeInFrom !== null && this.#to - this.#fadeInFrom >= fade) this.#fadeInFrom = null;
  }

  #appendSilence(count) {
    for (const ring of this.#channels) {
      for (let i = 0; i < count; i++) ring[(this.#to + i) % this.capacity] = 0;
    }
    this.#to += count;
    this.#fadeInFrom = this.#to;
  }

  /** Fades out the end of the queue, so that what follows can be anything; the next frame fades in. */
  #fadeOutEnd() {
    if (this.#fadeInFrom === this.#to) return; // it is faded out
    const fade = Math.min(this.#samples(FADE_MS), this.queued);
    for (const ring of this.#channels) {
      for (let i = 0; i < fade; i++) ring[(this.#to - 1 - i) % this.capacity] *= i / fade;
    }
    this.#fadeInFrom = this.#to;
  }

  /**
   * Fills one array for each channel of the sound card, and returns whether a sample was played. If the
   * queue is empty, the last value fades out.
   */
  read(outputs) {
    const count = outputs[0].length;
    const available = Math.min(count, this.queued);
    const decay = Math.exp(-3 / this.#samples(FADE_MS));
    for (let c = 0; c < this.#channels.length; c++) {
      const ring = this.#channels[c];
      const output = outputs[Math.min(c, outputs.length - 1)];
      for (let i = 0; i < available; i++) output[i] = ring[(this.#from + i) % this.capacity];
      let last = available > 0 ? output[available - 1] : this.#last[c];
      for (let i = available; i < count; i++) {
        last *= decay;
        output[i] = last;
      }
      this.#last[c] = Math.abs(last) < 1e-6 ? 0 : last;
    }
    this.#from += available;
    if (available < count) this.#dry = true;
    return available > 0;
  }
}
