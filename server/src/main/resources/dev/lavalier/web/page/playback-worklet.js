// Plays what the worker sends. Runs on the audio thread of the browser.
import { Playout } from './playout.js';

const REPORT_SECONDS = 0.05;
const MAX_PAUSE_MS = 500;

class Playback extends AudioWorkletProcessor {
  #playout;
  #worker = null;
  #received = 0; // frames
  #endTime = 0; // when the end of the newest frame was captured
  #nextReport = 0;
  #lastProcess = null;
  #stopped = false;

  constructor({ processorOptions: { channelCount, targetMs } }) {
    super();
    this.#playout = new Playout(sampleRate, channelCount, targetMs);
    this.port.onmessage = ({ data }) => {
      if (data.stop) {
        this.#stopped = true;
        this.#worker?.close();
        return;
      }
      this.#worker = data.worker;
      this.#worker.onmessage = (event) => this.#receive(event.data);
    };
  }

  #receive({ frame, missing, endTime, expiresAt }) {
    this.#received++;
    if (Date.now() > expiresAt) {
      this.#playout.skippedFrames++;
      return;
    }
    if (missing) this.#playout.writeMissing(missing);
    this.#playout.write(frame);
    this.#endTime = endTime;
  }

  /** If the browser stopped this thread, what is queued is old. This thread has no steady clock. */
  #dropAfterPause() {
    const now = Date.now();
    if (this.#lastProcess !== null && now - this.#lastProcess > MAX_PAUSE_MS) this.#playout.clear();
    this.#lastProcess = now;
  }

  process(inputs, [output]) {
    this.#dropAfterPause();
    this.#playout.read(output);
    if (currentTime >= this.#nextReport && this.#worker) {
      this.#nextReport = currentTime + REPORT_SECONDS;
      const { queued, targetMs, underruns, skippedFrames, correctedSamples } = this.#playout;
      this.#worker.postMessage({
        received: this.#received, endTime: this.#endTime, queuedMs: (queued / sampleRate) * 1e3,
        targetMs, underruns, skippedFrames, correctedSamples,
      });
    }
    return !this.#stopped;
  }
}

registerProcessor('lavalier-playback', Playback);
