import { create } from '@bufbuild/protobuf';
import { samplesToMs } from './ages.js';
import {
  GapCause, GapSchema, type AudioFrame, type Gap, type StreamStarted,
} from './gen/lavalier/v1/audio_capture_pb.js';

const MARGIN_MS = 250; // how much later than usual the first frame of a connection can arrive

/** The samples of a gap that one cause removed. */
export interface Part {
  sampleCount: bigint;
  cause: GapCause;
  estimated: boolean;
}

/** Returns the parts of a gap. */
export function partsOf(gap: Gap | undefined): Part[] {
  if (!gap) return [];
  return gap.parts.length > 0 ? gap.parts : [gap];
}

/** Returns the gap of adjacent parts, in the form of the contract; undefined if there is no part. */
export function gapOf(parts: Part[]): Gap | undefined {
  const sums = new Map<GapCause, Part>();
  for (const { sampleCount, cause, estimated } of parts) {
    const sum = sums.get(cause);
    if (sum) {
      sum.sampleCount += sampleCount;
      sum.estimated ||= estimated;
    } else {
      sums.set(cause, { sampleCount, cause, estimated });
    }
  }
  const all = [...sums.values()];
  if (all.length === 0) return undefined;
  return create(GapSchema, {
    sampleCount: all.reduce((sum, part) => sum + part.sampleCount, 0n),
    cause: all.reduce((largest, part) => (part.sampleCount > largest.sampleCount ? part : largest)).cause,
    estimated: all.some((part) => part.estimated),
    parts: all.length > 1 ? all : [],
  });
}

/**
 * The end of the last frame of a stream.
 *
 * Within an epoch, the gap before the first frame of another connection is the difference of the
 * sample indexes, so it is exact. Between epochs, it is the difference of the capture times. If that
 * contradicts the time that passed by this client's steady clock, the passed time counts: the
 * server's wall clock can be set in between.
 */
export class Position {
  #end: { epoch: bigint; sampleIndex: bigint; unixNanos: bigint; steadyMs: number } | null = null;

  /** The point to resume from; null before the first frame. */
  get resumePoint(): { epoch: bigint; sampleIndex: bigint } | null {
    return this.#end && { epoch: this.#end.epoch, sampleIndex: this.#end.sampleIndex };
  }

  /** Moves the position to the end of a frame. `onTime` is that of FrameAges. */
  advance(started: StreamStarted, frame: AudioFrame, onTime: number): void {
    const frameMs = samplesToMs(started, started.frameSize);
    this.#end = {
      epoch: started.epoch,
      sampleIndex: frame.sampleIndex + BigInt(started.frameSize),
      unixNanos: frame.captureTimeUnixNanos + BigInt(Math.round(frameMs * 1e6)),
      steadyMs: onTime - frame.readDelayMicros / 1e3 + frameMs,
    };
  }

  /**
   * Returns the parts of the gap between the position and the first frame of another connection.
   * Samples for which the server reports another cause than that it did not keep them have that
   * cause. The others have `cause`.
   */
  gapParts(started: StreamStarted, frame: AudioFrame, onTime: number, cause: GapCause): Part[] {
    const end = this.#end;
    const reported = partsOf(frame.gap);
    if (!end) return reported;
    let missing = frame.sampleIndex - end.sampleIndex;
    let estimated = started.epoch !== end.epoch;
    if (estimated) {
      const passed = onTime - frame.readDelayMicros / 1e3 - end.steadyMs;
      const byWallClock = Number(frame.captureTimeUnixNanos - end.unixNanos) / 1e6;
      const ms = Math.abs(byWallClock - passed) > MARGIN_MS ? passed : byWallClock;
      missing = BigInt(Math.round((ms * started.format!.sampleRateHz) / 1_000));
    }
    const parts: Part[] = [];
    for (const part of reported) {
      if (part.cause === GapCause.NOT_KEPT) {
        estimated ||= part.estimated;
      } else if (missing > 0n) {
        const sampleCount = missing < part.sampleCount ? missing : part.sampleCount;
        parts.push({ sampleCount, cause: part.cause, estimated: part.estimated });
        missing -= sampleCount;
      }
    }
    if (missing > 0n) parts.push({ sampleCount: missing, cause, estimated });
    return parts;
  }
}
