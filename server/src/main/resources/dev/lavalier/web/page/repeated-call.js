// A call that is made again after it has ended, with a growing delay.
import { Call } from './call.js';
import { Status } from './contract.js';

const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5_000;
const FINAL = new Set([
  Status.INVALID_ARGUMENT, Status.PERMISSION_DENIED, Status.FAILED_PRECONDITION, Status.UNIMPLEMENTED,
  Status.UNAUTHENTICATED,
]);

/** Returns whether another attempt cannot succeed until somebody changes something. */
export function isFinal(code) {
  return FINAL.has(code);
}

export class RepeatedCall {
  #options;
  #newCall;
  #setTimer;
  #call = null;
  #timer = null;
  #delay = FIRST_DELAY_MS;

  /**
   * @param options those of Call, except: `onEnd` gets `{ code, message, retryMs }`, and `retryMs` is
   *     null if the call is not made again; `onStart` is called before each attempt
   */
  constructor(options, newCall = (o) => new Call(o), setTimer = (f, ms) => setTimeout(f, ms)) {
    this.#options = options;
    this.#newCall = newCall;
    this.#setTimer = setTimer;
    this.#start();
  }

  #start() {
    this.#options.onStart?.();
    this.#call = this.#newCall({
      ...this.#options,
      onMessage: (message) => {
        this.#delay = FIRST_DELAY_MS;
        this.#options.onMessage(message);
      },
      onEnd: (status) => this.#ended(status),
    });
  }

  #ended({ code, message }) {
    this.#call = null;
    const retryMs = isFinal(code) ? null : this.#delay;
    if (retryMs !== null) {
      this.#delay = Math.min(MAX_DELAY_MS, this.#delay * 2);
      this.#timer = this.#setTimer(() => this.#start(), retryMs);
    }
    this.#options.onEnd({ code, message, retryMs });
  }

  send(request) {
    this.#call?.send(request);
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#call?.cancel();
    this.#call = null;
  }
}
