// The frames of one device, across connections. Every sample that the device captured since the
// first frame is in a frame or in a gap.
import { codecName, requestedFormat } from './codecs.js';
import { Cause, Codec, ON_DEVICE_LOSS_WAIT, PullFramesRequest, Status, StreamFramesResponse } from './contract.js';
import { FrameAges } from './frame-ages.js';
import { PacketDecoder } from './packet-decoder.js';
import { countClipped, decodePcm } from './pcm.js';
import { GapParts, NOT_DECODED, Position } from './position.js';
import { RepeatedCall } from './repeated-call.js';

// A frame of 10 ms: shorter than what the sound card takes at once, and few enough messages.
const FRAMES_PER_SECOND = 100;
// A packet of 20 ms: a shorter one needs more bits for the same quality.
const PACKETS_PER_SECOND = 50;
const MIN_CREDIT_MS = 60;
const MAX_CREDIT_MS = 300;
const STABLE_MS = 10_000;
// The range of sample rates that every browser plays.
const MIN_RATE = 8_000;
const MAX_RATE = 96_000;

// How a server refuses a codec that it does not have, or has no place for.
const REFUSALS = new Set([Status.INVALID_ARGUMENT, Status.FAILED_PRECONDITION, Status.RESOURCE_EXHAUSTED]);

/** Returns the rate to request for a device that is captured at `rate`; 0: as captured. */
export function requestedRate(rate) {
  if (rate > MAX_RATE) return MAX_RATE;
  return rate < MIN_RATE ? MIN_RATE : 0;
}

export class DeviceStream {
  #options;
  #call;
  #newDecoder;
  #clock;
  #start = null;
  #decoder = null; // of the packets; none for PCM
  #ages = null;
  #position = new Position();
  #parts = new GapParts(); // before the next frame that arrives
  #undelivered = new GapParts(); // before the next frame that is delivered
  #firstOfConnection = true;
  #credit = 0; // what the server can still send, in frames
  #window = 0; // the credit that the server should have
  #stableSince = 0;

  /** Samples per channel since the first frame, at the rate of the stream. */
  received = 0;
  missing = 0;

  /** The bytes of audio that arrived: PCM or packets. */
  receivedBytes = 0;

  /**
   * @param options `deviceId`, `sampleRateHz` and `channelCount` of the device, `codec` and `bitrate` to
   *     request, `token`, `roundTripMs()`; and the listeners `onStarted(start)`,
   *     `onFrame(frame, gap, onTime, channels, clipped)`, `onNotice(notice)`, `onEnd(status)`,
   *     `onNoCodec(reason)`: the stream does not continue, and one of PCM can be started instead.
   *     A gap is null if nothing is missing before the frame. `onTime` is when the frame would have
   *     arrived after the shortest transfer time, by `clock`
   */
  constructor(options, newRepeatedCall = (o) => new RepeatedCall(o), clock = () => performance.now(),
    newDecoder = (...parameters) => new PacketDecoder(...parameters)) {
    this.#options = options;
    this.#newDecoder = newDecoder;
    this.#clock = clock;
    const { codec, bitrate } = options;
    const format = requestedFormat(codec, requestedRate(options.sampleRateHz), options.channelCount);
    const rate = format.sampleRateHz || options.sampleRateHz;
    const frameSize = Math.round(rate / (codec === Codec.PCM ? FRAMES_PER_SECOND : PACKETS_PER_SECOND));
    const frameMs = (frameSize / rate) * 1e3;
    const request = {
      subscribe: { deviceId: options.deviceId, frameSize, format, onDeviceLoss: ON_DEVICE_LOSS_WAIT, codec, bitrate },
    };
    this.#call = newRepeatedCall({
      method: 'PullFrames',
      types: { request: PullFramesRequest, response: StreamFramesResponse },
      request,
      token: options.token,
      onStart: () => {
        this.#closeDecoder();
        this.#firstOfConnection = true;
        this.#ages = null;
        this.#window = this.#minWindow(frameMs);
        this.#credit = this.#window;
        request.credit = this.#credit;
      },
      onMessage: (message) => this.#receive(message),
      onEnd: (status) => {
        const refused = codec !== Codec.PCM && this.#start === null && REFUSALS.has(status.code);
        if (refused) options.onNoCodec(`The server refuses ${codecName(codec)}: ${status.message}`);
        else options.onEnd(status);
      },
    });
  }

  #closeDecoder() {
    this.#decoder?.close();
    this.#decoder = null;
  }

  #openDecoder() {
    const name = codecName(this.#start.codec);
    const decoder = this.#newDecoder(
      this.#start,
      (entry, channels) => this.#deliver(entry, channels, channels && countClipped(channels, this.#start.format)),
      (message) => {
        const idle = decoder.waiting === 0; // browsers take back decoders that are not used
        if (decoder === this.#decoder) this.#closeDecoder();
        if (!idle) this.#options.onNoCodec(`The browser cannot decode ${name}: ${message}`);
      },
    );
    return decoder;
  }

  #receive({ started, frame, notice }) {
    if (started) {
      this.#closeDecoder();
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
    this.#credit--;
    this.receivedBytes += frame.pcm.length + frame.packet.length;
    if (expired) {
      this.#parts.add(start.frameSize, Cause.SLOW_SUBSCRIBER, false);
      this.#grant();
    } else {
      this.#decode({ frame, gap: this.#parts.take(), onTime });
    }
  }

  #decode(entry) {
    if (this.#start.codec === Codec.PCM || this.#start.codec === Codec.UNSPECIFIED) {
      const { channels, clipped } = decodePcm(entry.frame.pcm, this.#start.format);
      this.#deliver(entry, channels, clipped);
      return;
    }
    try {
      this.#decoder ??= this.#openDecoder();
    } catch (error) {
      this.#options.onNoCodec(`The browser cannot decode ${codecName(this.#start.codec)}: ${error.message}`);
      return;
    }
    this.#decoder.decode(entry.frame.packet, entry);
  }

  /** Delivers a frame if it has audio and did not wait too long in the decoder. */
  #deliver({ frame, gap, onTime }, channels, clipped) {
    const { frameSize, maxLatencyMs } = this.#start;
    this.#undelivered.addGap(gap);
    if (channels && this.#clock() - onTime <= maxLatencyMs) {
      const before = this.#undelivered.take();
      this.missing += before?.sampleCount ?? 0;
      this.received += frameSize;
      this.#options.onFrame(frame, before, onTime, channels, clipped);
    } else {
      this.#undelivered.add(frameSize, channels ? Cause.SLOW_SUBSCRIBER : NOT_DECODED, false);
    }
    this.#grant();
  }

  /** Grants credit for the frames that are delivered, so that few wait for the decoder. */
  #grant() {
    const missing = this.#window - this.#credit - (this.#decoder?.waiting ?? 0);
    if (missing <= 0) return;
    this.#call.send({ credit: missing });
    this.#credit += missing;
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
    this.#closeDecoder();
  }
}
