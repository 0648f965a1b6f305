// Measures what the page draws: levels, the waveform and the spectrum, in columns of 20 ms.
import { peak, Spectrum } from './fft.js';

const COLUMNS_PER_SECOND = 50;
const WINDOW_SECONDS = 0.07;
const RMS_COLUMNS = 15;
const MAX_PENDING = 2_048; // columns; as many as the page keeps
const MAX_LANES = 2;

export const BANDS = 256;
export const MIN_HZ = 50;
export const FLOOR_DB = -120;

/** Returns the frequency at a height of the spectrogram: 0 is the bottom, 1 the top. */
export function frequencyAt(height, rate) {
  return MIN_HZ * (rate / 2 / MIN_HZ) ** height;
}

/** Returns the height of a frequency in the spectrogram. */
export function heightOf(hz, rate) {
  return Math.log(hz / MIN_HZ) / Math.log(rate / 2 / MIN_HZ);
}

/** Returns functions that compute each band from the bins: the highest bin, or between two of them. */
function bandsOf(size, rate) {
  const binHz = rate / size;
  return Array.from({ length: BANDS }, (_, band) => {
    const from = Math.ceil(frequencyAt(band / BANDS, rate) / binHz);
    const to = Math.min(size / 2 - 1, Math.floor(frequencyAt((band + 1) / BANDS, rate) / binHz));
    const center = Math.min(size / 2 - 1, frequencyAt((band + 0.5) / BANDS, rate) / binHz);
    return { from, to, center };
  });
}

/**
 * The analysis of a stream of one format. Time is counted in samples, so a gap has the width of what
 * is missing. Keeps as many columns as the page shows; older ones are dropped.
 */
export class Analysis {
  #rate;
  #channelCount;
  #history; // of each channel, the last samples of a window, as a ring
  #historyAt = 0;
  #spectrum;
  #bands;
  #samplesInColumn = 0;
  #missingInColumn = 0;
  #low;
  #high;
  #sumOfSquares;
  #pending = [];
  #rms; // sums of squares of the last columns, with their number of samples
  #peaks;
  #clipped;
  #peakFrequency = null;

  /** The number of columns since the stream began. */
  columnCount = 0;

  constructor({ sampleRateHz, channelCount }) {
    this.#rate = sampleRateHz;
    this.#channelCount = channelCount;
    this.hop = Math.max(1, Math.round(sampleRateHz / COLUMNS_PER_SECOND));
    this.lanes = channelCount <= MAX_LANES ? channelCount : 1;
    const size = 2 ** Math.round(Math.log2(sampleRateHz * WINDOW_SECONDS));
    this.#spectrum = new Spectrum(size);
    this.#bands = bandsOf(size, sampleRateHz);
    this.#history = Array.from({ length: this.lanes }, () => new Float32Array(size));
    this.#rms = [];
    this.#peaks = new Float64Array(channelCount);
    this.#clipped = new Float64Array(channelCount);
    this.#startColumn();
  }

  #startColumn() {
    this.#samplesInColumn = 0;
    this.#missingInColumn = 0;
    this.#low = new Float32Array(this.lanes).fill(Infinity);
    this.#high = new Float32Array(this.lanes).fill(-Infinity);
    this.#sumOfSquares = new Float64Array(this.#channelCount);
  }

  /** Adds samples; `clipped` has the number of clipped values of each channel. */
  add(channels, clipped) {
    const count = channels[0].length;
    for (let c = 0; c < clipped.length; c++) this.#clipped[c] += clipped[c];
    for (let from = 0; from < count;) {
      const to = Math.min(count, from + this.hop - this.#samplesInColumn);
      this.#measure(channels, from, to);
      this.#samplesInColumn += to - from;
      from = to;
      if (this.#samplesInColumn === this.hop) this.#endColumn();
    }
  }

  #measure(channels, from, to) {
    for (let c = 0; c < channels.length; c++) {
      const values = channels[c];
      const lane = c < this.lanes ? c : 0;
      let low = this.#low[lane];
      let high = this.#high[lane];
      let squares = 0;
      for (let i = from; i < to; i++) {
        const value = values[i];
        if (value < low) low = value;
        if (value > high) high = value;
        squares += value * value;
      }
      this.#low[lane] = low;
      this.#high[lane] = high;
      this.#sumOfSquares[c] += squares;
      let top = this.#peaks[c];
      for (let i = from; i < to; i++) top = Math.max(top, Math.abs(values[i]));
      this.#peaks[c] = top;
    }
    const mask = this.#spectrum.size - 1;
    for (let i = from; i < to; i++, this.#historyAt = (this.#historyAt + 1) & mask) {
      if (this.lanes === channels.length) {
        for (let lane = 0; lane < this.lanes; lane++) this.#history[lane][this.#historyAt] = channels[lane][i];
      } else {
        let sum = 0;
        for (const values of channels) sum += values[i];
        this.#history[0][this.#historyAt] = sum / channels.length;
      }
    }
  }

  /** Adds missing samples: columns that are empty. */
  addMissing(count) {
    const whole = Math.floor(count / this.hop) - MAX_PENDING;
    let rest = count;
    if (whole > 0) { // columns that the page would drop at once
      this.columnCount += whole;
      rest -= whole * this.hop;
    }
    for (const history of this.#history) history.fill(0);
    while (rest > 0) {
      const part = Math.min(rest, this.hop - this.#samplesInColumn);
      this.#samplesInColumn += part;
      this.#missingInColumn += part;
      rest -= part;
      if (this.#samplesInColumn === this.hop) this.#endColumn();
    }
  }

  #endColumn() {
    const bands = new Uint8Array(BANDS);
    const measured = this.hop - this.#missingInColumn;
    if (measured > 0) {
      const decibels = this.#spectrum.decibels(this.lanes, (to, lane) => this.#copy(to, lane));
      for (let band = 0; band < BANDS; band++) {
        const share = (this.#bandLevel(decibels, this.#bands[band]) - FLOOR_DB) / -FLOOR_DB;
        bands[band] = Math.max(0, Math.min(255, Math.round(share * 255)));
      }
      this.#peakFrequency = peak(decibels, this.#rate / this.#spectrum.size);
      this.#rms.push({ squares: this.#sumOfSquares, count: measured });
      if (this.#rms.length > RMS_COLUMNS) this.#rms.shift();
    }
    this.#pending.push({ low: this.#low, high: this.#high, bands, missing: this.#missingInColumn > 0 });
    if (this.#pending.length > MAX_PENDING) this.#pending.shift();
    this.columnCount++;
    this.#startColumn();
  }

  #bandLevel(decibels, { from, to, center }) {
    if (from > to) {
      const k = Math.floor(center);
      const next = Math.min(k + 1, decibels.length - 1);
      return decibels[k] + (decibels[next] - decibels[k]) * (center - k);
    }
    let level = decibels[from];
    for (let k = from + 1; k <= to; k++) level = Math.max(level, decibels[k]);
    return level;
  }

  #copy(to, lane) {
    const history = this.#history[lane];
    const newest = history.length - this.#historyAt;
    for (let i = 0; i < newest; i++) to[i] = history[this.#historyAt + i];
    for (let i = newest; i < history.length; i++) to[i] = history[i - newest];
  }

  /**
   * Returns what was measured since the last call: the columns, and for each channel the peak since
   * then, the RMS of the last 0.3 s and all clipped values.
   */
  take() {
    const columns = this.#pending;
    this.#pending = [];
    const samples = this.#rms.reduce((sum, { count }) => sum + count, 0);
    const levels = Array.from(this.#peaks, (top, c) => ({
      peak: top,
      rms: samples > 0 ? Math.sqrt(this.#rms.reduce((sum, { squares }) => sum + squares[c], 0) / samples) : 0,
      clipped: this.#clipped[c],
    }));
    this.#peaks.fill(0);
    return { columnCount: this.columnCount, columns, levels, peakFrequency: this.#peakFrequency };
  }
}
