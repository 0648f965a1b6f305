// The frames of one device, across connections. Every sample that the device captured since the
// first frame is in a frame or in a gap.
import { Cause, ON_DEVICE_LOSS_WAIT, PullFramesRequest, StreamFramesResponse } from './contract.js';
import { FrameAges } from './frame-ages.js';
import { GapParts, Position } from './position.js';
import { RepeatedCall } from './repeated-call.js';

const FRAMES_PER_SECOND = 100;
const MIN_CREDIT_MS = 60;
const MAX_CREDIT_MS = 300;
const STABLE_MS = 10_000;
// The range of sample rates that every browser plays.
const MIN_RATE = 8_000;
const MAX_RATE = 96_000;

/** Returns the rate to request for a device that is captured at `rate`; 0: as captured. */
export function requestedRate(rate) {
  if (rate > MAX_RATE) return MAX_RATE;
  return rate < MIN_RATE ? MIN_RATE : 0;
}

export class DeviceStream {
  #options;
  #call;
  #clock;
  #start = null;
  #ages = null;
  #position = new Position();
  #parts = new GapParts();
  #firstOfConnection = true;
  #credit = 0; // what the server can still send, in frames
  #window = 0; // the credit that the server should have
  #stableSince = 0;

  /** Samples per channel since the first frame, at the rate of the stream. */
  received = 0;
  missing = 0;

  /**
   * @param options `deviceId`, `sampleRateHz` of the device, `token`, `roundTripMs()`; and the listeners
   *     `onStarted(start)`, `onFrame(frame, gap, onTime)`, `onNotice(notice)`, `onEnd(status)`.
   *     A gap is null if nothing is missing before the frame. `onTime` is when the frame would have
   *     arrived after the shortest transfer time, by `clock`
   */
  constructor(options, newRepeatedCall = (o) => new RepeatedCall(o), clock = () => performance.now()) {
    this.#options = options;
    this.#clock = clock;
    const rate = requestedRate(options.sampleRateHz);
    // A frame of 10 ms: shorter than what the sound card takes at once, and few enough messages.
    const frameSize = Math.round((rate || options.sampleRateHz) / FRAMES_PER_SECOND);
    const frameMs = (frameSize / (rate || options.sampleRateHz)) * 1e3;
    const request = {
      subscribe: {
        deviceId: options.deviceId, frameSize, format: { sampleRateHz: rate }, onDeviceLoss: ON_DEVICE_LOSS_WAIT,
      },
    };
    this.#call = newRepeatedCall({
      method: 'PullFrames',
      types: { request: PullFramesRequest, response: StreamFramesResponse },
      request,
      token: options.token,
      onStart: () => {
        this.#firstOfConnection = true;
        this.#ages = null;
        this.#window = this.#minWindow(frameMs);
        this.#credit = this.#window;
        request.credit = this.#credit;
      },
      onMessage: (message) => this.#receive(message),
      onEnd: (status) => options.onEnd(status),
    });
  }

  #receive({ started, frame, notice }) {
    if (started) {
      this.#start = started;
      this.#ages ??= new FrameAges(started.maxLatencyMs);
      this.#options.onStarted(started);
    } else if (frame) {
      this.#receiveFrame(frame);
    } else if (notice) {
      this.#options.onNotice(notice);
    }
  }

  #receiveFrame(frame) {
    const start = this.#start;
    const now = this.#clock();
    const expired = this.#ages.age(frame, now) < 0;
    const { onTime } = this.#ages;
    if (this.#firstOfConnection) this.#position.addMissing(this.#parts, start, frame, onTime);
    else this.#parts.addGap(frame.gap);
    this.#firstOfConnection = false;
    this.#position.advance(start, frame, onTime);
    this.#adjustWindow(frame.gap, start, now);
    if (expired) {
      this.#parts.add(start.frameSize, Cause.SLOW_SUBSCRIBER, false);
    } else {
      const gap = this.#parts.take();
      this.missing += gap?.sampleCount ?? 0;
      this.received += start.frameSize;
      this.#options.onFrame(frame, gap, onTime);
    }
    this.#credit--;
    if (this.#credit < this.#window) {
      this.#call.send({ credit: this.#window - this.#credit });
      this.#credit = this.#window;
    }
  }

  #minWindow(frameMs) {
    return Math.ceil(Math.min(MAX_CREDIT_MS, MIN_CREDIT_MS + this.#options.roundTripMs()) / frameMs);
  }

  /** If frames wait for credit, the round trip is longer than it was: more frames must be in transit. */
  #adjustWindow(gap, start, now) {
    const frameMs = (start.frameSize / start.format.sampleRateHz) * 1e3;
    const least = this.#minWindow(frameMs);
    this.#window = Math.max(this.#window, least);
    if (gap?.cause === Cause.SLOW_SUBSCRIBER) {
      this.#window = Math.min(Math.floor(MAX_CREDIT_MS / frameMs), this.#window + Math.ceil(this.#window / 2));
      this.#stableSince = now;
    } else if (now - this.#stableSince >= STABLE_MS && this.#window > least) {
      this.#window--;
      this.#stableSince = now;
    }
  }

  cancel() {
    this.#call.cancel();
  }
}
