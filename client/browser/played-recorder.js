// An audio worklet of the tests: it keeps what passes through it. Nothing here depends on the thread
// of the page.

const MAX_SECONDS = 60;

/**
 * `samples` returns the left channel, and `times` Date.now() for each block of 128 samples of it. `numbers` returns [Date.now(), number] for each block whose
 * samples are consecutive numbers, as in the file of numbers.js.
 */
class PlayedRecorder extends AudioWorkletProcessor {
  #samples = new Float32Array(MAX_SECONDS * sampleRate);
  #count = 0;
  #times = [];
  #numbers = [];

  constructor() {
    super();
    this.port.onmessage = ({ data }) => {
      const taken = { samples: this.#samples.slice(0, this.#count), times: this.#times, numbers: this.#numbers };
      this.port.postMessage(taken[data]);
    };
  }

  process([[left, right]]) {
    if (!left) return true;
    if (this.#count + left.length <= this.#samples.length) {
      this.#samples.set(left, this.#count);
      this.#count += left.length;
      this.#times.push(Date.now());
    }
    const number = (i) => Math.round((right ?? left)[i] * 32768) * 65536 + (Math.round(left[i] * 32768) & 0xffff);
    const first = number(0);
    let consecutive = first > 0;
    for (let i = 1; consecutive && i < left.length; i++) consecutive = number(i) === first + i;
    if (consecutive) this.#numbers.push([Date.now(), first]);
    return true;
  }
}

registerProcessor('played-recorder', PlayedRecorder);
