// The level of each channel: the RMS as a bar, the peak as a line, and the highest peak of 2 s.
import { element, setText } from './element.js';
import { count, decibels, decibelText } from './words.js';

const LOWEST_DB = -60;
const HOLD_MS = 2_000;
const FALL_DB_PER_SECOND = 20;
const ARIA_INTERVAL_MS = 500;
const LABELS_DB = [-60, -48, -36, -24, -12, 0];
const SINE_RMS = Math.SQRT1_2; // by AES17, the RMS of a sine at full scale is 0 dBFS

/** Returns the place of a level on the scale: 0 is the left end. */
export function scalePosition(db) {
  return Math.max(0, Math.min(1, 1 - db / LOWEST_DB));
}

class Meter {
  #shownPeak = -Infinity;
  #held = -Infinity;
  #heldAt = 0;
  #ariaAt = 0;
  #clipped = 0;
  #clearedAt = 0; // the number of clipped values when the mark was cleared

  constructor(number) {
    this.rms = element('div', { class: 'rms' });
    this.peak = element('div', { class: 'peak' });
    this.hold = element('div', { class: 'hold' });
    this.bar = element('div', {
      class: 'bar', role: 'meter', 'aria-label': `Channel ${number}, RMS in dBFS`,
      'aria-valuemin': LOWEST_DB, 'aria-valuemax': 0, 'aria-valuenow': LOWEST_DB,
    }, this.rms, this.peak, this.hold);
    this.text = element('span', { class: 'numbers' });
    this.clip = element('button', { class: 'clip', type: 'button', hidden: true, title: 'Clear the mark' });
    this.clip.onclick = () => { this.#clearedAt = this.#clipped; };
    this.row = element('div', { class: 'meter' }, element('span', { class: 'channel' }, `${number}`), this.bar, this.text, this.clip);
  }

  show(level, now, passedMs) {
    const peak = decibels(level.peak);
    const rms = decibels(level.rms, SINE_RMS);
    this.#shownPeak = Math.max(peak, this.#shownPeak - (FALL_DB_PER_SECOND * passedMs) / 1e3);
    if (peak >= this.#held || now - this.#heldAt > HOLD_MS) {
      this.#held = peak;
      this.#heldAt = now;
    }
    this.rms.style.transform = `scaleX(${scalePosition(rms)})`;
    this.peak.style.left = `${scalePosition(this.#shownPeak) * 100}%`;
    this.hold.style.left = `${scalePosition(this.#held) * 100}%`;
    this.#clipped = level.clipped;
    const clips = level.clipped - this.#clearedAt;
    this.clip.hidden = clips <= 0;
    if (clips > 0) setText(this.clip, `clip ${count(clips)}`);
    if (now - this.#ariaAt > ARIA_INTERVAL_MS) {
      this.#ariaAt = now;
      setText(this.text, `${decibelText(this.#held)} peak ${decibelText(rms)} RMS`);
      this.bar.setAttribute('aria-valuenow', Math.max(LOWEST_DB, rms).toFixed(1));
      this.bar.setAttribute('aria-valuetext', `${decibelText(rms)} dBFS`);
    }
  }
}

function scale() {
  const labels = LABELS_DB.map((db) => {
    const label = element('span', {}, `${db}`.replace('-', '\u2212'));
    label.style.left = `${scalePosition(db) * 100}%`;
    return label;
  });
  return element('div', { class: 'meter scale', 'aria-hidden': 'true' }, element('span'), element('div', {}, ...labels),
    element('span', { class: 'numbers' }, 'dBFS'));
}

export class Meters {
  #container;
  #meters = [];
  #shownAt = 0;

  constructor(container) {
    this.#container = container;
  }

  reset() {
    this.#meters = [];
    this.#container.replaceChildren();
  }

  /** Shows one level for each channel: `peak` and `rms` as shares of full scale, `clipped` values. */
  show(levels, now) {
    if (levels.length !== this.#meters.length) {
      this.#meters = levels.map((_, i) => new Meter(i + 1));
      this.#container.replaceChildren(...this.#meters.map((meter) => meter.row), scale());
    }
    levels.forEach((level, i) => this.#meters[i].show(level, now, now - this.#shownAt));
    this.#shownAt = now;
  }
}
