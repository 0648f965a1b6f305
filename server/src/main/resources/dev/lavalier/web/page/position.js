// Counts what is missing in a stream, also across connections and epochs.
import { Cause } from './contract.js';

const MARGIN_MS = 250; // how much later than usual the first frame of a connection can arrive

/** Cause of samples that were captured while this page had no connection. Not in the contract. */
export const NOT_CONNECTED = -1;

/** Cause of samples for which the decoder of the browser returned nothing. Not in the contract. */
export const NOT_DECODED = -2;

/** The parts of a gap before it is complete. */
export class GapParts {
  #parts = [];

  add(sampleCount, cause, estimated) {
    if (sampleCount <= 0) return;
    const part = this.#parts.find((p) => p.cause === cause);
    if (part) {
      part.sampleCount += sampleCount;
      part.estimated ||= estimated;
    } else {
      this.#parts.push({ sampleCount, cause, estimated });
    }
  }

  /** Adds a gap of the contract; null adds nothing. */
  addGap(gap) {
    if (!gap) return;
    for (const part of gap.parts.length > 0 ? gap.parts : [gap]) this.add(part.sampleCount, part.cause, part.estimated);
  }

  /** Returns the gap and starts the next one. Returns null if nothing is missing. */
  take() {
    if (this.#parts.length === 0) return null;
    const parts = this.#parts.sort((a, b) => b.sampleCount - a.sampleCount);
    this.#parts = [];
    return {
      sampleCount: parts.reduce((sum, part) => sum + part.sampleCount, 0),
      cause: parts[0].cause,
      estimated: parts.some((part) => part.estimated),
      parts,
    };
  }
}

/**
 * The end of the last frame. Within an epoch, the gap before the first frame of another connection
 * is the difference of sample indexes, so it is exact. Between epochs, it is the difference of
 * capture times. If that contradicts the time that passed by the steady clock of this page, the
 * passed time counts: the wall clock of the server can be set.
 */
export class Position {
  #end = null;

  /** Moves the position to the end of a frame. `onTime`: when it was read, by the clock of the page. */
  advance(start, frame, onTime) {
    const frameMs = (start.frameSize / start.format.sampleRateHz) * 1e3;
    this.#end = {
      epoch: start.epoch,
      index: frame.sampleIndex + start.frameSize,
      unixMs: frame.captureTimeUnixNanos / 1e6 + frameMs,
      steadyMs: onTime - frame.readDelayMicros / 1e3 + frameMs,
    };
  }

  /**
   * Adds to `parts` what is missing before the first frame of a connection. Samples for which the
   * server reports a cause have that cause.
   */
  addMissing(parts, start, frame, onTime) {
    const end = this.#end;
    if (!end) {
      parts.addGap(frame.gap);
      return;
    }
    const sameEpoch = start.epoch === end.epoch;
    let missing = frame.sampleIndex - end.index;
    if (!sameEpoch) {
      const passed = onTime - frame.readDelayMicros / 1e3 - end.steadyMs;
      const byWallClock = frame.captureTimeUnixNanos / 1e6 - end.unixMs;
      const ms = Math.abs(byWallClock - passed) > MARGIN_MS ? passed : byWallClock;
      missing = Math.round((ms / 1e3) * start.format.sampleRateHz);
    }
    const gap = frame.gap;
    for (const part of gap ? (gap.parts.length > 0 ? gap.parts : [gap]) : []) {
      if (part.cause === Cause.NOT_KEPT || missing <= 0) continue;
      const count = Math.min(missing, part.sampleCount);
      parts.add(count, part.cause, part.estimated);
      missing -= count;
    }
    parts.add(missing, NOT_CONNECTED, !sameEpoch);
  }
}
