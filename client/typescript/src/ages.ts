import type { AudioFrame, StreamStarted } from './gen/lavalier/v1/audio_capture_pb.js';

// All times are in milliseconds.
const DRIFT_DIVISOR = 1_000;
const CLOCK_PAUSE_TIMEOUT_MS = 5_000;
const MIN_SUSPENSION_MS = 100;
const ARRIVAL_JITTER_MS = 50;

/** Returns the length of samples in milliseconds. */
export function samplesToMs(started: StreamStarted, samples: number): number {
  return (samples * 1_000) / started.format!.sampleRateHz;
}

/**
 * Decides which frames of one connection have expired, without trusting a wall clock.
 *
 * The clocks of server and client need not agree. The smallest difference between the arrival of a
 * frame and its read time, the base delay, contains their offset and the shortest transfer time.
 * Clocks drift, so it rises by a thousandth of the time that passes. If every frame has expired for
 * 5 s, the steady clock of the server was paused, and the base delay is measured again.
 *
 * If the server's wall clock has advanced by more than its steady clock, and no frame arrived for as
 * long, the server's machine was suspended, and the difference is added to the read times.
 *
 * History that was requested does not expire. It ends at a sample index.
 */
export class FrameAges {
  readonly #maxAge: number;
  #epoch: bigint | null = null;
  #historyEndIndex = 0;
  #historyEndTime = 0; // when it was live, by this client's clock
  #lastArrival: number | null = null;
  #lastWallOffset = 0; // the server's wall clock minus its steady clock
  #suspended = 0; // the total time that the server's steady clock missed
  #baseDelay: number | null = null; // as of #baseDelayAt
  #baseDelayAt = 0;
  #expiredSince: number | null = null;

  /** When the last frame would have arrived after the shortest transfer time, by this client's clock. */
  onTime = 0;

  constructor(maxAgeMs: number) {
    this.#maxAge = maxAgeMs;
  }

  /**
   * Returns whether a frame has expired. Call it in the order of arrival.
   *
   * @param arrived when the frame arrived, by this client's steady clock
   * @param now the current time by that clock
   */
  isExpired(started: StreamStarted, frame: AudioFrame, arrived: number, now: number): boolean {
    const index = Number(frame.sampleIndex);
    if (started.epoch !== this.#epoch) {
      this.#epoch = started.epoch;
      this.#historyEndIndex = index + Math.round((started.prerollMs * started.format!.sampleRateHz) / 1_000);
      this.#historyEndTime = arrived;
    }
    this.#followSuspension(frame, arrived);
    if (index < this.#historyEndIndex) {
      const rest = this.#historyEndIndex - index - started.frameSize;
      this.onTime = this.#historyEndTime - samplesToMs(started, rest);
      return false;
    }
    if (frame.readTimeSteadyNanos === 0n) { // a server without CAPABILITY_STEADY_TIME
      this.onTime = arrived;
      return false;
    }
    const read = Number(frame.readTimeSteadyNanos) / 1e6 + this.#suspended;
    const baseDelay = this.#followBaseDelay(arrived - read, arrived);
    this.onTime = read + baseDelay;
    return this.#follow(now - this.onTime > this.#maxAge, now);
  }

  #followSuspension(frame: AudioFrame, arrived: number): void {
    const wall = frame.captureTimeUnixNanos + BigInt(frame.readDelayMicros) * 1_000n;
    const offset = Number(wall - frame.readTimeSteadyNanos) / 1e6;
    const advance = offset - this.#lastWallOffset;
    if (this.#lastArrival !== null && advance >= MIN_SUSPENSION_MS
      && arrived - this.#lastArrival >= advance - ARRIVAL_JITTER_MS) {
      this.#suspended += advance;
    }
    this.#lastWallOffset = offset;
    this.#lastArrival = arrived;
  }

  #followBaseDelay(delay: number, arrived: number): number {
    const risen = this.#baseDelay === null
      ? delay : this.#baseDelay + (arrived - this.#baseDelayAt) / DRIFT_DIVISOR;
    this.#baseDelayAt = arrived;
    return this.#baseDelay = Math.min(delay, risen);
  }

  #follow(expired: boolean, now: number): boolean {
    if (!expired) {
      this.#expiredSince = null;
    } else if (this.#expiredSince === null) {
      this.#expiredSince = now;
    } else if (now - this.#expiredSince > CLOCK_PAUSE_TIMEOUT_MS) {
      this.#baseDelay = null;
      this.#expiredSince = null;
    }
    return expired;
  }
}
