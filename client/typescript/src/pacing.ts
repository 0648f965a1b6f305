import { samplesToMs } from './ages.js';
import { GapCause, type Gap, type StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';

const MIN_WINDOW = 2;
const MIN_WINDOW_MS = 60;
const MAX_WINDOW_MS = 300; // what expires in transit is dropped and counted

/**
 * The number of frames that can be in transit or wait to be read. If the program was waiting for
 * frames most of the time, and the server dropped some for want of credit, the window is too small
 * for the round trip, and grows.
 */
export class Pacing {
  readonly #maxWindow: number;
  #since: number; // the time of the last adjustment
  #busy = 0; // how long the program has processed frames since then
  #returnedAt: number | null = null;

  window: number;

  constructor(started: StreamStarted, now: number) {
    const frameMs = samplesToMs(started, started.frameSize);
    this.window = Math.max(MIN_WINDOW, Math.floor(MIN_WINDOW_MS / frameMs) + 1);
    this.#maxWindow = Math.max(this.window, Math.floor(MAX_WINDOW_MS / frameMs));
    this.#since = now;
  }

  /** The program asks for a frame. */
  called(now: number): void {
    if (this.#returnedAt !== null) this.#busy += now - this.#returnedAt;
    this.#returnedAt = null;
  }

  /** The program gets a frame. */
  returned(now: number): void {
    this.#returnedAt = now;
  }

  /** Adjusts the window after a frame with this gap. */
  adjust(gap: Gap | undefined, now: number): void {
    if (gap?.cause !== GapCause.SLOW_SUBSCRIBER) return;
    if (2 * this.#busy < now - this.#since) {
      this.window = Math.min(this.#maxWindow, this.window + Math.ceil(this.window / 2));
    }
    this.#since = now;
    this.#busy = 0;
  }
}
