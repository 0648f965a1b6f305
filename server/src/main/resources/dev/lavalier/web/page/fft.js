// A fast Fourier transform, and the power spectrum of one or two channels.

/** A transform of `size` complex values; `size` is a power of two. */
export class Fft {
  #size;
  #cos;
  #sin;
  #reversed;

  constructor(size) {
    this.#size = size;
    this.#cos = new Float64Array(size / 2);
    this.#sin = new Float64Array(size / 2);
    for (let i = 0; i < size / 2; i++) {
      this.#cos[i] = Math.cos((2 * Math.PI * i) / size);
      this.#sin[i] = Math.sin((2 * Math.PI * i) / size);
    }
    this.#reversed = new Uint32Array(size);
    for (let i = 1; i < size; i++) this.#reversed[i] = (this.#reversed[i >> 1] >> 1) | (i & 1 ? size >> 1 : 0);
  }

  /** Transforms `re` and `im` in place. */
  transform(re, im) {
    const size = this.#size;
    for (let i = 0; i < size; i++) {
      const j = this.#reversed[i];
      if (j > i) {
        [re[i], re[j]] = [re[j], re[i]];
        [im[i], im[j]] = [im[j], im[i]];
      }
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let from = 0; from < size; from += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = this.#cos[k * stride];
          const s = this.#sin[k * stride];
          const a = from + k;
          const b = a + half;
          const x = re[b] * c + im[b] * s;
          const y = im[b] * c - re[b] * s;
          re[b] = re[a] - x;
          im[b] = im[a] - y;
          re[a] += x;
          im[a] += y;
        }
      }
    }
  }
}

/**
 * Spectra with a Hann window, in dBFS: a sine with a peak of 1.0 has 0 dB. Of two channels, it is
 * the mean power of both.
 */
export class Spectrum {
  #fft;
  #window;
  #scale;
  #re;
  #im;
  #decibels;

  constructor(size) {
    this.size = size;
    this.#fft = new Fft(size);
    this.#window = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
    this.#scale = 4 / size; // a sine spreads over two halves, and the mean of the window is 1/2
    this.#re = new Float64Array(size);
    this.#im = new Float64Array(size);
    this.#decibels = new Float64Array(size / 2);
  }

  /**
   * Returns the level of each bin in dBFS. `copy(to, channel)` writes the last `size` samples of a
   * channel. The array is used again by the next call.
   */
  decibels(channelCount, copy) {
    const { size } = this;
    const re = this.#re;
    const im = this.#im;
    copy(re, 0);
    if (channelCount === 2) copy(im, 1);
    else im.fill(0);
    for (let i = 0; i < size; i++) {
      re[i] *= this.#window[i];
      im[i] *= this.#window[i];
    }
    this.#fft.transform(re, im);
    // Of z = left + i right, the powers at k and -k add up to twice the powers of both channels.
    const share = (this.#scale * this.#scale) / (2 * channelCount);
    for (let k = 0; k < size / 2; k++) {
      const m = (size - k) % size;
      const power = re[k] * re[k] + im[k] * im[k] + re[m] * re[m] + im[m] * im[m];
      this.#decibels[k] = 10 * Math.log10(power * share + 1e-30);
    }
    return this.#decibels;
  }
}

/** Returns the frequency and the level of the highest bin, by a parabola through its neighbours. */
export function peak(decibels, binHz) {
  let k = 1;
  for (let i = 2; i < decibels.length - 1; i++) if (decibels[i] > decibels[k]) k = i;
  const before = decibels[k - 1];
  const after = decibels[k + 1];
  const curvature = before - 2 * decibels[k] + after;
  const shift = curvature < 0 ? (0.5 * (before - after)) / curvature : 0;
  return { hz: (k + shift) * binHz, decibels: decibels[k] - 0.25 * (before - after) * shift };
}
