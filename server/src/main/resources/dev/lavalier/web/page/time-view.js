// Draws the waveform and the spectrogram. Both have the same time axis: one column of the analysis,
// 20 ms, is one pixel of CSS wide. New columns are painted once, and scrolled after that.
import { BANDS, FLOOR_DB, frequencyAt, heightOf } from './analysis.js';

const KEPT = 2_048; // columns
const LANE_HEIGHT = 72;
const COLUMN_MS = 20;
const HZ_LABELS = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000];
const SECONDS_PER_LABEL = 2;
const MAX_MARKS = 50;
const MARK_DISTANCE = 4;

/** The colours of the spectrogram, from silence to full scale, for dark and light pages. */
const SCALES = {
  dark: [[0, 13, 17, 23], [0.25, 22, 34, 62], [0.45, 40, 84, 140], [0.62, 62, 158, 160], [0.78, 214, 196, 92], [0.9, 246, 150, 66], [1, 255, 238, 224]],
  light: [[0, 255, 255, 255], [0.25, 226, 234, 246], [0.45, 150, 182, 222], [0.62, 66, 122, 184], [0.78, 92, 60, 140], [0.9, 150, 26, 78], [1, 56, 0, 16]],
};

function colours(scale) {
  return Array.from({ length: 256 }, (_, value) => {
    const share = value / 255;
    const next = Math.max(1, scale.findIndex(([at]) => at >= share));
    const [from, ...a] = scale[next - 1];
    const [to, ...b] = scale[next];
    return a.map((x, i) => Math.round(x + ((b[i] - x) * (share - from)) / (to - from)));
  });
}

/** A canvas of KEPT columns that is used as a ring. */
class Ring {
  constructor(height) {
    this.canvas = document.createElement('canvas');
    this.canvas.width = KEPT;
    this.canvas.height = height;
    this.context = this.canvas.getContext('2d');
  }

  /** Copies the newest columns, the last of which is before `end`, to a canvas; right-aligned. */
  copyTo(target, end) {
    const width = target.clientWidth;
    const height = target.clientHeight;
    const scale = window.devicePixelRatio;
    const pixelWidth = Math.round(width * scale);
    const pixelHeight = Math.round(height * scale);
    if (target.width !== pixelWidth || target.height !== pixelHeight) {
      target.width = pixelWidth;
      target.height = pixelHeight;
    }
    const context = target.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const shown = Math.min(width, KEPT);
    for (let from = end - shown; from < end;) {
      const x = ((from % KEPT) + KEPT) % KEPT;
      const count = Math.min(KEPT - x, end - from);
      context.drawImage(this.canvas, x, 0, count, this.canvas.height, width - (end - from), 0, count, height);
      from += count;
    }
  }
}

/** Paints a column of a gap; the first one is solid, so that a gap of one column is visible too. */
function paintMissing(context, x, height, colour, first) {
  context.clearRect(x, 0, 1, height);
  context.fillStyle = colour;
  context.globalAlpha = first ? 1 : 0.25;
  context.fillRect(x, 0, 1, height);
  context.globalAlpha = 1;
}

export class TimeView {
  #wave;
  #spectrogram;
  #waveRing = null;
  #spectrumRing = new Ring(BANDS);
  #columns = new Array(KEPT).fill(null);
  #end = 0; // the number of columns since the stream began
  #marks = [];
  #lanes = 1;
  #rate = 48_000;
  #dark = window.matchMedia('(prefers-color-scheme: dark)');
  #scale;
  #image = new ImageData(1, BANDS);

  /** @param elements `wave` and `spectrogram`: canvases; `hertz`, `seconds`: the axes; `cursor`: text */
  constructor(elements) {
    this.#wave = elements.wave;
    this.#spectrogram = elements.spectrogram;
    this.elements = elements;
    this.#dark.addEventListener('change', () => this.#repaint());
    new ResizeObserver(() => this.#layOut()).observe(this.#spectrogram);
    this.#spectrogram.addEventListener('pointermove', (event) => this.#showCursor(event));
    this.#spectrogram.addEventListener('pointerleave', () => { elements.cursor.textContent = ''; });
    this.reset(1, 48_000);
  }

  /** Starts a stream: `lanes` waveforms, at a sample rate in Hz. */
  reset(lanes, rate) {
    this.#lanes = lanes;
    this.#rate = rate;
    this.#waveRing = new Ring(lanes * LANE_HEIGHT);
    this.#wave.style.height = `${lanes * LANE_HEIGHT}px`;
    this.#columns.fill(null);
    this.#marks = [];
    this.#end = 0;
    this.#repaint();
    this.#layOut();
  }

  /** Adds the newest columns; `end` is the number of columns since the stream began. */
  add(columns, end) {
    if (columns.length === 0) return;
    const first = end - columns.length;
    for (let i = Math.max(this.#end, first - KEPT); i < first; i++) this.#set(i, null); // dropped while hidden
    columns.forEach((column, i) => this.#set(first + i, column));
    this.#end = end;
    this.#show();
  }

  /** Marks a gap that ends at a column with a text. */
  mark(column, text) {
    this.#marks.push({ column, text });
    if (this.#marks.length > MAX_MARKS) this.#marks.shift();
  }

  #show() {
    this.#waveRing.copyTo(this.#wave, this.#end);
    this.#spectrumRing.copyTo(this.#spectrogram, this.#end);
    const context = this.#wave.getContext('2d');
    context.font = '11px system-ui, sans-serif';
    context.fillStyle = this.colour.gap;
    let right = -Infinity;
    for (const { column, text } of this.#marks) {
      const left = this.#wave.clientWidth - (this.#end - column) + MARK_DISTANCE;
      if (left < Math.max(0, right)) continue; // it would cover the one before
      context.fillText(text, left, 11);
      right = left + context.measureText(text).width + MARK_DISTANCE;
    }
  }

  #set(index, column) {
    const x = ((index % KEPT) + KEPT) % KEPT;
    this.#columns[x] = column;
    this.#paint(x, column);
  }

  #repaint() {
    this.#scale = colours(this.#dark.matches ? SCALES.dark : SCALES.light);
    const style = getComputedStyle(document.documentElement);
    this.colour = { wave: style.getPropertyValue('--wave'), gap: style.getPropertyValue('--gap'), line: style.getPropertyValue('--line') };
    this.#columns.forEach((column, x) => this.#paint(x, column));
    this.#show();
  }

  #paint(x, column) {
    const wave = this.#waveRing.context;
    wave.clearRect(x, 0, 1, this.#waveRing.canvas.height);
    for (let lane = 0; lane < this.#lanes; lane++) {
      const middle = (lane + 0.5) * LANE_HEIGHT;
      wave.fillStyle = this.colour.line;
      wave.fillRect(x, Math.floor(middle), 1, 1);
      if (!column || column.missing) continue;
      const top = Math.round(middle - Math.min(1, column.high[lane]) * (LANE_HEIGHT / 2 - 1));
      const bottom = Math.round(middle - Math.max(-1, column.low[lane]) * (LANE_HEIGHT / 2 - 1));
      wave.fillStyle = this.colour.wave;
      wave.fillRect(x, top, 1, Math.max(1, bottom - top));
    }
    if (column?.missing) paintMissing(wave, x, this.#waveRing.canvas.height, this.colour.gap, this.#beginsGap(x));
    this.#paintSpectrum(x, column);
  }

  #beginsGap(x) {
    return !this.#columns[(x + KEPT - 1) % KEPT]?.missing;
  }

  #paintSpectrum(x, column) {
    const spectrum = this.#spectrumRing.context;
    if (column?.missing) {
      paintMissing(spectrum, x, BANDS, this.colour.gap, this.#beginsGap(x));
      return;
    }
    const { data } = this.#image;
    for (let band = 0, at = (BANDS - 1) * 4; band < BANDS; band++, at -= 4) {
      const [red, green, blue] = this.#scale[column ? column.bands[band] : 0];
      data[at] = red;
      data[at + 1] = green;
      data[at + 2] = blue;
      data[at + 3] = 255;
    }
    spectrum.putImageData(this.#image, x, 0);
  }

  /** Places the labels of the axes. */
  #layOut() {
    const { hertz, seconds } = this.elements;
    const labels = HZ_LABELS.filter((hz) => hz < this.#rate / 2).map((hz) => {
      const label = document.createElement('span');
      label.textContent = hz < 1_000 ? `${hz}` : `${hz / 1_000}k`;
      label.style.bottom = `${heightOf(hz, this.#rate) * 100}%`;
      return label;
    });
    hertz.replaceChildren(...labels);
    const width = this.#spectrogram.clientWidth;
    const step = (SECONDS_PER_LABEL * 1_000) / COLUMN_MS;
    const times = Array.from({ length: Math.floor(Math.max(0, width - 30) / step) }, (_, i) => {
      const label = document.createElement('span');
      label.textContent = `\u2212${(i + 1) * SECONDS_PER_LABEL} s`;
      label.style.right = `${(i + 1) * step}px`;
      return label;
    });
    seconds.replaceChildren(...times);
    this.#show();
  }

  #showCursor(event) {
    const box = this.#spectrogram.getBoundingClientRect();
    const height = 1 - (event.clientY - box.top) / box.height;
    const back = Math.round(box.right - event.clientX);
    const column = this.#columns[(((this.#end - 1 - back) % KEPT) + KEPT) % KEPT];
    const band = Math.max(0, Math.min(BANDS - 1, Math.floor(height * BANDS)));
    const level = column && !column.missing ? `, ${Math.round((column.bands[band] / 255) * -FLOOR_DB + FLOOR_DB)} dBFS` : '';
    this.elements.cursor.textContent = `Pointer: ${Math.round(frequencyAt(height, this.#rate))} Hz, `
      + `\u2212${((back * COLUMN_MS) / 1_000).toFixed(1)} s${level}`;
  }
}
