// A server in this process: a Transport whose calls are functions, and a clock that the test sets.
import { create } from '@bufbuild/protobuf';
import { Client, LavalierError, StreamFramesResponseSchema } from '@lavalier/client';

export const RATE = 48_000;
export const FRAME = 960;
export const WINDOW = 4; // frames of 20 ms for 60 ms

export class ManualTiming {
  #now = 1_000;
  slept = [];
  deadlines = []; // functions that were not prevented

  now = () => this.#now;

  sleep = async (ms) => {
    this.slept.push(ms);
    this.#now += ms;
  };

  deadline = (ms, run) => {
    this.deadlines.push(run);
    return () => { this.deadlines = this.deadlines.filter((other) => other !== run); };
  };

  advance(ms) {
    this.#now += ms;
  }
}

/** Lets everything run that does not wait for a message. */
export async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** The server's side of a call. */
export class ScriptedCall {
  requests = [];
  cancelled = false;

  constructor(method, events) {
    this.method = method;
    this.events = events;
  }

  get subscribe() {
    return this.requests[0].subscribe;
  }

  get credit() {
    return this.requests.reduce((sum, request) => sum + request.credit, 0);
  }

  send(request) {
    this.requests.push(request);
  }

  cancel() {
    this.cancelled = true;
  }

  message(message) {
    if (!this.cancelled) this.events.message(create(StreamFramesResponseSchema, { message }));
  }

  start(epoch = 1n, more = {}) {
    const format = { encoding: 1, sampleRateHz: RATE, channelCount: 1 };
    this.message({
      case: 'started', value: { deviceId: 'tone', epoch, frameSize: FRAME, maxLatencyMs: 200, format, ...more },
    });
    return this;
  }

  /** Sends frame `number`, which the server read at `readMs` by both of its clocks. `more` are other fields. */
  frame(number, readMs, gap, more) {
    this.message({
      case: 'frame',
      value: {
        pcm: new Uint8Array(2 * FRAME),
        sampleIndex: BigInt(number * FRAME),
        readTimeSteadyNanos: BigInt(Math.round(readMs * 1e6)) + 3_600_000_000_000n,
        captureTimeUnixNanos: 1_700_000_000_000_000_000n + BigInt(Math.round((readMs - 20) * 1e6)),
        readDelayMicros: 20_000,
        ...(gap && { gap }),
        ...more,
      },
    });
  }

  notice(kind, message) {
    this.message({ case: 'notice', value: { kind, message } });
  }

  end(kind, code, message) {
    if (!this.cancelled) this.events.end(kind && new LavalierError(kind, code, message));
  }
}

/** A decoder: the samples have the value of the first byte of the packet. It waits for packets of 0, and rejects empty ones. */
class ScriptedDecoder {
  closed = false;
  #end = () => {};

  async decode([value]) {
    if (value === undefined) throw new Error('malformed\nwith details');
    if (value === 0) await new Promise((resolve, reject) => { this.#end = () => reject(new Error('closed')); });
    return [new Float32Array(FRAME).fill(value / 2 ** 15)];
  }

  close() {
    this.closed = true;
    this.#end();
  }
}

/** Returns a client, its clock, the calls that it has made, and its decoders. */
export function scripted() {
  const timing = new ManualTiming();
  const calls = [];
  const decoders = [];
  const transport = {
    start(method, events) {
      const call = new ScriptedCall(method, events);
      calls.push(call);
      return call;
    },
    async loadOpusDecoder() {
      return () => {
        decoders.push(new ScriptedDecoder());
        return decoders.at(-1);
      };
    },
    close() {},
  };
  return { client: new Client(transport, timing), timing, calls, decoders };
}

/** Opens a stream whose first call has started. */
export async function opened(request, options, started) {
  const all = scripted();
  const opening = all.client.pullFrames(request, options);
  await settle();
  all.calls[0].start(1n, started);
  return { ...all, stream: await opening };
}
