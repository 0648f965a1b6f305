import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf';
import type { DecoderFactory } from './decoders.js';
import { cancelled, failure, Status, type LavalierError } from './errors.js';

/** A method of the contract. */
export type Method<I extends DescMessage, O extends DescMessage> = DescMethod & { input: I; output: O };

/** What a call reports. No function is called after `end`, or after the call was cancelled. */
export interface CallEvents<O extends DescMessage> {
  message(message: MessageShape<O>): void;
  /** `error` is undefined if the server ended the call with OK. */
  end(error: LavalierError | undefined): void;
}

/** One call. */
export interface Call<I extends DescMessage> {
  /** Sends a request. `last`: no other one follows. */
  send(request: MessageShape<I>, last: boolean): void;
  /** Ends the call. Can be called again. */
  cancel(): void;
}

/** Makes calls to one server, and decodes the Opus that it sends. */
export interface Transport {
  start<I extends DescMessage, O extends DescMessage>(method: Method<I, O>, events: CallEvents<O>): Call<I>;
  /** Rejects with a LavalierError if there is no decoder of Opus here. */
  loadOpusDecoder(): Promise<DecoderFactory>;
  close(): void;
}

/** Clocks and timers, which tests replace. Times are in milliseconds. */
export interface Timing {
  /** The time of a steady clock. */
  now(): number;
  /** Waits. Ends early when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Calls a function later. Returns a function that prevents that. */
  deadline(ms: number, run: () => void): () => void;
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  sleep: (ms, signal) => new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  }),
  deadline: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A message and the time of its arrival. */
export interface Arrived<O extends DescMessage> {
  message: MessageShape<O>;
  at: number;
}

const MAX_WAITING = 1_000;

/** The messages of one call that wait to be read. A program that leaves 1,000 unread loses the call. */
export class Messages<I extends DescMessage, O extends DescMessage> {
  readonly #call: Call<I>;
  #waiting: Arrived<O>[] = [];
  #ended = false;
  #error: LavalierError | undefined;
  #wake: (() => void) | null = null;

  constructor(transport: Transport, method: Method<I, O>, now: () => number) {
    this.#call = transport.start(method, {
      message: (message) => {
        if (this.#waiting.length >= MAX_WAITING) {
          this.end(failure(Status.RESOURCE_EXHAUSTED, `messages: ${MAX_WAITING} (expected: messages read in time)`));
          return;
        }
        this.#waiting.push({ message, at: now() });
        this.#wake?.();
      },
      end: (error) => this.#finish(error),
    });
  }

  send(request: MessageShape<I>, last: boolean): void {
    if (!this.#ended) this.#call.send(request, last);
  }

  /** Waits for the next message. Returns undefined if the server ended the call with OK. */
  async take(): Promise<Arrived<O> | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#ended) {
        if (this.#error) throw this.#error;
        return undefined;
      }
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
    return this.#waiting.shift();
  }

  /** Ends the call. What was not read is dropped. */
  end(error: LavalierError = cancelled('the call was closed')): void {
    this.#call.cancel();
    this.#waiting = [];
    this.#finish(error);
  }

  #finish(error: LavalierError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }
}
