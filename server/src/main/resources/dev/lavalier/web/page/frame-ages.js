// Finds the frames that have waited too long since the server read them. All times are in
// milliseconds, by steady clocks: a wall clock can be set at any time.

const DRIFT_DIVISOR = 1_000;
const CLOCK_PAUSE_TIMEOUT_MS = 5_000;
const MIN_SUSPENSION_MS = 100;
const ARRIVAL_JITTER_MS = 50;

/**
 * The ages of the frames of one connection. The clocks of server and page need not agree: the
 * smallest difference between reading and arrival, the base delay, contains their offset and the
 * shortest transfer time. Clocks drift, so it rises by a thousandth of the time that passes. If
 * every frame is too old for 5 s, the clock of the server was paused, and the filter starts again.
 */
export class FrameAges {
  #maxAge;
  #baseDelay = null;
  #lastArrival = 0;
  #expiredSince = null;
  #suspended = 0;
  #lastWallOffset = null;

  constructor(maxAgeMs) {
    this.#maxAge = maxAgeMs;
  }

  /** When the last frame would have arrived after the shortest transfer time, by the page's clock. */
  onTime = 0;

  /** Returns when the server had read a frame. The origin is arbitrary. */
  #readTime(frame, now) {
    const steady = frame.readTimeSteadyNanos / 1e6;
    // If the wall clock of the server advanced by more than its steady clock, and no frame arrived
    // for as long, its machine was suspended.
    const wallOffset = (frame.captureTimeUnixNanos + frame.readDelayMicros * 1e3) / 1e6 - steady;
    if (this.#lastWallOffset !== null) {
      const advance = wallOffset - this.#lastWallOffset;
      if (advance >= MIN_SUSPENSION_MS && now - this.#lastArrival >= advance - ARRIVAL_JITTER_MS) {
        this.#suspended += advance;
      }
    }
    this.#lastWallOffset = wallOffset;
    return steady + this.#suspended;
  }

  /**
   * Returns how long a frame has waited beyond the shortest transfer time, or -1 if that is too
   * long. Call it in the order of arrival.
   */
  age(frame, now) {
    const read = this.#readTime(frame, now);
    const delay = now - read;
    if (this.#baseDelay === null) this.#baseDelay = delay;
    else this.#baseDelay = Math.min(delay, this.#baseDelay + (now - this.#lastArrival) / DRIFT_DIVISOR);
    this.#lastArrival = now;
    this.onTime = read + this.#baseDelay;
    const age = delay - this.#baseDelay;
    if (age <= this.#maxAge) {
      this.#expiredSince = null;
      return age;
    }
    if (this.#expiredSince === null) {
      this.#expiredSince = now;
    } else if (now - this.#expiredSince > CLOCK_PAUSE_TIMEOUT_MS) {
      this.#baseDelay = null;
      this.#expiredSince = null;
    }
    return -1;
  }
}
