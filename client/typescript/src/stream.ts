import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { FrameAges, samplesToMs } from './ages.js';
import { decodeFrame, decoderFactory, type DecoderFactory, type PacketDecoder } from './decoders.js';
import { cancelled, failure, LavalierError, Status } from './errors.js';
import {
  AudioCapture, GapCause, NoticeKind, OnDeviceLoss, OverflowPolicy, PullFramesRequestSchema,
  type AudioFrame, type Gap, type StreamFramesRequestSchema, type StreamFramesResponse, type StreamStarted,
  type PullFramesRequest, type StreamFramesResponseSchema,
} from './gen/lavalier/v1/audio_capture_pb.js';
import { Pacing } from './pacing.js';
import { gapOf, partsOf, Position, type Part } from './position.js';
import { Messages, type Arrived, type Timing, type Transport } from './transport.js';

/**
 * How long the server can take to answer. It needs up to 13 s: it closes a device within 3 s and
 * opens it within 10 s.
 */
const ANSWER_TIMEOUT_MS = 20_000;
const MIN_ANSWER_TIMEOUT_MS = 1_000;
const DEFAULT_RECONNECT_MS = 300_000;
const DECODE_TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5_000;
const QUEUE_DIVISOR = 4; // if the server refuses a queue, the next request is for this part of it
const SHORTEST_QUEUE_MS = 200; // the default of the server

/** Information about a stream, from the server or about a reconnection. */
export interface Notice {
  /** `UNSPECIFIED` for a reconnection. */
  kind: NoticeKind;
  /** One sentence for people. */
  message: string;
  /** The deviation of the device's clock in parts per million, for `CLOCK`. 0 for others. */
  clockPpm: number;
}

/** The subscription: the fields of `StreamFramesRequest`. The empty object is valid. */
export type PullRequest = MessageInitShape<typeof StreamFramesRequestSchema>;

export interface PullOptions {
  /**
   * How long to try to reconnect after each loss of the connection, in milliseconds, and after the
   * server ended the call because no frame was read. 0: not at all. Default: 300,000.
   */
  reconnectMs?: number;
  /**
   * Whether frames have the packets of the requested `codec`. Otherwise, the packets are decoded, and
   * frames have PCM.
   */
  packets?: boolean;
  /** Gets notices, while the program waits for the stream or a frame. */
  onNotice?: (notice: Notice) => void;
}

/**
 * One subscription, across any number of connections. It iterates over the frames; the end of the
 * loop closes it. The server sends only frames for which this program asks, and a frame that has
 * expired when the program reads it is dropped. The gap of the next frame counts it.
 */
export class FrameStream implements AsyncIterableIterator<AudioFrame> {
  readonly #transport: Transport;
  readonly #request: PullRequest;
  readonly #reconnectMs: number;
  readonly #onNotice: (notice: Notice) => void;
  readonly #timing: Timing;
  readonly #closed = new AbortController();

  #messages!: Messages<typeof PullFramesRequestSchema, typeof StreamFramesResponseSchema>;
  #newDecoder: DecoderFactory | null = null; // null: packets are not decoded
  #started!: StreamStarted;
  #decoder: PacketDecoder | null = null; // of this epoch; null: its frames are not decoded
  #pacing!: Pacing; // of this connection, like the two after it
  #ages: FrameAges | null = null; // null before the first frame
  #credit = 0; // what the server can still send, and what was not read yet
  #position = new Position();
  #parts: Part[] = []; // missing before the next frame
  #deviceLossEndsCall = false;
  #resumeRequested = false;
  #queueMs: number; // of the last request; 0: the default
  #lost: { since: number; attempts: number; cause: GapCause } | null = null; // until a frame arrives
  #last: Promise<unknown> = Promise.resolve();
  #error: LavalierError | null = null;

  private constructor(transport: Transport, request: PullRequest, options: PullOptions, timing: Timing) {
    this.#transport = transport;
    this.#request = request;
    this.#queueMs = request.maxLatencyMs ?? 0;
    this.#reconnectMs = options.reconnectMs ?? DEFAULT_RECONNECT_MS;
    this.#onNotice = options.onNotice ?? (() => {});
    this.#timing = timing;
  }

  /** Subscribes, and waits until the server has opened the device. Clients call it. */
  static async open(
    transport: Transport, request: PullRequest, options: PullOptions, timing: Timing, open: Set<() => void>,
  ): Promise<FrameStream> {
    const stream = new FrameStream(transport, request, options, timing);
    const end = (): void => stream.close();
    open.add(end);
    stream.#closed.signal.addEventListener('abort', () => open.delete(end));
    try {
      if (!options.packets) {
        stream.#newDecoder = await decoderFactory(request.codec, () => transport.loadOpusDecoder());
      }
      await stream.#connect(request, ANSWER_TIMEOUT_MS);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  /** The properties of the current epoch. They change when `next` reaches a later one. */
  get started(): StreamStarted {
    return this.#started;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Waits for the next frame. Its gap counts all samples that are missing before it. After `close`
   * the iteration is done. Rejects with a LavalierError if the stream has ended otherwise.
   */
  next(): Promise<IteratorResult<AudioFrame, undefined>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  /** Closes the stream: `break` in a loop calls it. */
  async return(): Promise<IteratorResult<AudioFrame, undefined>> {
    this.close();
    return { done: true, value: undefined };
  }

  /** Ends the subscription. A waiting `next` is done. Can be called again. */
  close(): void {
    this.#closed.abort();
    this.#messages?.end();
    this.#decoder?.close();
  }

  async #next(): Promise<IteratorResult<AudioFrame, undefined>> {
    this.#pacing.called(this.#timing.now());
    while (!this.#closed.signal.aborted) {
      try {
        const frame = await this.#receive();
        if (frame) {
          this.#pacing.returned(this.#timing.now());
          return { done: false, value: frame };
        }
      } catch (error) {
        if (this.#closed.signal.aborted) break;
        this.#error = error as LavalierError;
        this.close();
      }
    }
    if (this.#error) throw this.#error;
    return { done: true, value: undefined };
  }

  /** Handles one message, or reconnects. Returns undefined if there is no frame for the program. */
  async #receive(): Promise<AudioFrame | undefined> {
    this.#grant();
    let arrived;
    try {
      arrived = await this.#take();
    } catch (error) {
      await this.#resume(error as LavalierError);
      return undefined;
    }
    const { message } = arrived.message;
    if (message.case === 'frame') {
      const frame = this.#arrived(message.value, arrived.at);
      if (frame && this.#decoder) await this.#decode(this.#decoder, frame);
      return frame;
    }
    this.#handle(arrived.message);
    return undefined;
  }

  async #decode(decoder: PacketDecoder, frame: AudioFrame): Promise<void> {
    // After a stall of this thread, a deadline can run before the audio that is there. So there are two.
    let cancelDeadline = this.#timing.deadline(DECODE_TIMEOUT_MS / 2, () => {
      cancelDeadline = this.#timing.deadline(DECODE_TIMEOUT_MS / 2, () => decoder.close());
    });
    try {
      await decodeFrame(decoder, this.#started, frame);
    } finally {
      cancelDeadline();
    }
  }

  async #take(): Promise<Arrived<typeof StreamFramesResponseSchema>> {
    const arrived = await this.#messages.take();
    if (!arrived) throw failure(Status.INTERNAL, 'the server ended the stream');
    return arrived;
  }

  /** Handles a message that is not a frame. */
  #handle({ message }: StreamFramesResponse): void {
    if (message.case === 'started') {
      this.#started = message.value;
      this.#decoder?.close();
      // A server that is older than codecs sends PCM.
      this.#decoder = this.#newDecoder && message.value.codec === this.#request.codec ? this.#newDecoder(message.value) : null;
    } else if (message.case === 'notice') {
      const { kind, message: text, clockPpm } = message.value;
      this.#deviceLossEndsCall ||= kind === NoticeKind.DEVICE_LOST
        && this.#request.onDeviceLoss !== OnDeviceLoss.WAIT;
      this.#onNotice({ kind, message: text, clockPpm });
    }
  }

  /** Tops up the credit: the program is ready for a frame. */
  #grant(): void {
    const credit = this.#pacing.window - this.#credit;
    if (credit <= 0) return;
    this.#credit += credit;
    this.#send({ credit });
  }

  #send(request: MessageInitShape<typeof PullFramesRequestSchema>): void {
    this.#messages.send(create(PullFramesRequestSchema, request) as PullFramesRequest, false);
  }

  #arrived(frame: AudioFrame, at: number): AudioFrame | undefined {
    const started = this.#started;
    const now = this.#timing.now();
    this.#credit--;
    this.#ages ??= new FrameAges(started.maxLatencyMs);
    const expired = this.#ages.isExpired(started, frame, at, now);
    const { onTime } = this.#ages;
    if (this.#lost) {
      const parts = this.#position.gapParts(started, frame, onTime, this.#lost.cause);
      this.#notifyReconnected(now - this.#lost.since, gapOf(parts));
      this.#parts.push(...parts);
      this.#lost = null;
    } else {
      this.#parts.push(...partsOf(frame.gap));
      this.#pacing.adjust(frame.gap, now);
    }
    this.#position.advance(started, frame, onTime);
    if (!expired) {
      const gap = gapOf(this.#parts);
      if (gap) frame.gap = gap;
      else delete frame.gap;
      this.#parts = [];
      return frame;
    }
    this.#parts.push({ sampleCount: BigInt(started.frameSize), cause: GapCause.SLOW_SUBSCRIBER, estimated: false });
    this.#parts = partsOf(gapOf(this.#parts));
    if (this.#request.overflowPolicy === OverflowPolicy.CLOSE) {
      throw failure(Status.RESOURCE_EXHAUSTED,
        `max_latency_ms: ${started.maxLatencyMs} (expected: frames read in time; they exceeded it in transit)`);
    }
    return undefined;
  }

  /** Starts a call and waits for `started`. */
  async #connect(subscribe: PullRequest, timeoutMs: number): Promise<void> {
    this.#messages?.end();
    this.#ages = null;
    this.#credit = 0;
    const messages = new Messages(this.#transport, AudioCapture.method.pullFrames, this.#timing.now);
    this.#messages = messages;
    if (this.#closed.signal.aborted) messages.end();
    this.#send({ subscribe });
    const cancelDeadline = this.#timing.deadline(timeoutMs, () => messages.end(
      failure(Status.UNAVAILABLE, `the server did not answer in ${Math.round(timeoutMs / 1e3)} s`)));
    try {
      let message;
      do {
        ({ message } = await this.#take());
        this.#handle(message);
      } while (message.message.case !== 'started');
    } finally {
      cancelDeadline();
    }
    this.#pacing = new Pacing(this.#started, this.#timing.now());
  }

  /** Reconnects. Throws the reason if the stream has ended. */
  async #resume(first: LavalierError): Promise<void> {
    let reason = first;
    for (;;) {
      // The server rejects a resume point in the future, for example after its clock was set back.
      const rejected = this.#lost !== null && this.#resumeRequested && reason.kind === 'INVALID_REQUEST';
      if (!rejected && !this.#retries(reason)) throw reason;
      const shorter = this.#lost !== null && this.#canShortenQueue(reason);
      this.#lost ??= this.#begin(reason);
      const rest = this.#reconnectMs - (this.#timing.now() - this.#lost.since);
      if (!rejected && rest <= 0) throw reason;
      if (shorter) {
        this.#queueMs = Math.floor(this.#queueLengthMs() / QUEUE_DIVISOR);
      } else if (!rejected) {
        this.#queueMs = this.#request.maxLatencyMs ?? 0;
        await this.#timing.sleep(Math.min(rest, this.#backoff(this.#lost.attempts++)), this.#closed.signal);
        if (this.#closed.signal.aborted) throw cancelled('the stream was closed');
      }
      const resume = rejected ? null : this.#position.resumePoint;
      this.#resumeRequested = resume !== null;
      try {
        await this.#connect(this.#again(resume), Math.max(MIN_ANSWER_TIMEOUT_MS, Math.min(ANSWER_TIMEOUT_MS, rest)));
        return;
      } catch (error) {
        reason = error as LavalierError;
      }
    }
  }

  #begin(reason: LavalierError): { since: number; attempts: number; cause: GapCause } {
    const stalled = reason.kind === 'LIMIT_REACHED';
    const event = stalled ? 'the server ended the stream' : 'connection lost';
    this.#notify(`${event}, reconnecting for at most ${Math.round(this.#reconnectMs / 1e3)} s: ${reason.message}`);
    const cause = stalled ? GapCause.SLOW_SUBSCRIBER : GapCause.NOT_KEPT;
    return { since: this.#timing.now(), attempts: 0, cause };
  }

  /**
   * Returns whether the stream continues after an error. A running call is retried if the connection
   * was lost, and if the server ended it although this client accepts lost frames: it was not read
   * for too long. While disconnected, a busy server is retried, too.
   */
  #retries(reason: LavalierError): boolean {
    if (this.#reconnectMs <= 0 || this.#deviceLossEndsCall || !reason.retryable) return false;
    const served = this.#ages !== null && this.#request.overflowPolicy !== OverflowPolicy.CLOSE;
    return reason.kind !== 'LIMIT_REACHED' || this.#lost !== null || served;
  }

  /** The status does not tell which limit is reached: it is that of the queue only if a shorter one is accepted. */
  #canShortenQueue(reason: LavalierError): boolean {
    const shortest = Math.max(SHORTEST_QUEUE_MS, 2 * samplesToMs(this.#started, this.#started.frameSize));
    return reason.kind === 'LIMIT_REACHED' && this.#queueLengthMs() / QUEUE_DIVISOR >= shortest;
  }

  #queueLengthMs(): number {
    return this.#queueMs || this.#started.maxLatencyMs;
  }

  /** Returns the time until the next attempt. Jitter spreads the clients of a server. */
  #backoff(attempts: number): number {
    const backoff = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempts);
    return backoff * (1 - Math.random() / 4);
  }

  /** Asks for the parameters of the current epoch, even if the server's defaults have changed. */
  #again(resume: { epoch: bigint; sampleIndex: bigint } | null): PullRequest {
    const { deviceId, frameSize, format } = this.#started;
    const request: PullRequest = { ...this.#request, deviceId, frameSize, format: format!, maxLatencyMs: this.#queueMs };
    // Pre-roll is only for the first connection.
    if (this.#position.resumePoint) request.start = { case: undefined };
    if (resume) request.start = { case: 'resume', value: resume };
    return request;
  }

  #notifyReconnected(ms: number, gap: Gap | undefined): void {
    const seconds = (samplesToMs(this.#started, Number(gap?.sampleCount ?? 0n)) / 1e3).toFixed(3);
    const missing = gap
      ? `${gap.sampleCount} samples (${seconds} s${gap.estimated ? ', estimated' : ''}) are missing`
      : 'no samples are missing';
    const shorter = this.#queueMs === (this.#request.maxLatencyMs ?? 0)
      ? '' : `; the server refused a longer queue than ${(this.#started.maxLatencyMs / 1e3).toFixed(1)} s`;
    this.#notify(`reconnected after ${(ms / 1e3).toFixed(1)} s, ${missing}${shorter}`);
  }

  #notify(message: string): void {
    this.#onNotice({ kind: NoticeKind.UNSPECIFIED, message, clockPpm: 0 });
  }
}
