import { fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import { Client } from './client.js';
import { failure, Status, tokenFrom, type LavalierError } from './errors.js';
import type { Call, CallEvents, Method, Transport } from './transport.js';
import { loadOpusDecoder } from './web-decoders.js';

const REFUSAL_TIMEOUT_MS = 2_000;
const NORMAL_CLOSE = 1000;
const FIRST_STATUS_CLOSE = 4000; // the close code of a gRPC status is its number plus this

/** The part of a browser's WebSocket that is used. */
export type WebSocketConstructor = new (url: string, protocols: string[]) => Pick<WebSocket,
  'binaryType' | 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose' | 'onerror'>;

export interface WebConnectOptions {
  /** The bearer token, or a function that returns one for each call. */
  token?: string | (() => string);
  /** The class of WebSockets. Default: that of the browser. Node.js has one from version 22 on. */
  WebSocket?: WebSocketConstructor;
}

/**
 * Returns a client that makes each call over a WebSocket to the server's web port.
 *
 * @param url the server's page, such as `https://studio.example:8080/`. Default: the site of this page.
 *     A page of another site needs the server's option `--web-origin`
 */
export function connect(url: string = globalThis.location.href, options: WebConnectOptions = {}): Client {
  return new Client(new WebTransport(url, options));
}

class WebTransport implements Transport {
  readonly #url: string;
  readonly #token: () => string | undefined;
  readonly #socketClass: WebSocketConstructor;

  constructor(url: string, { token, WebSocket: socketClass }: WebConnectOptions) {
    this.#url = url;
    this.#token = typeof token === 'function' ? () => tokenFrom(token) : () => token;
    this.#socketClass = socketClass ?? globalThis.WebSocket;
  }

  start<I extends DescMessage, O extends DescMessage>(method: Method<I, O>, events: CallEvents<O>): Call<I> {
    let token: string | undefined;
    try {
      token = this.#token();
    } catch (error) {
      const end = setTimeout(() => events.end(error as LavalierError));
      return { send: () => {}, cancel: () => clearTimeout(end) };
    }
    const url = new URL(`/${method.parent.typeName}/${method.name}`, this.#url);
    const path = url.href;
    url.protocol = url.protocol.replace('http', 'ws');
    const protocols = ['lavalier.v1'];
    if (token) protocols.push(`lavalier.bearer.${base64Url(token)}`);
    const socket = new this.#socketClass(url.href, protocols);
    socket.binaryType = 'arraybuffer';

    let state: 'connecting' | 'open' | 'done' = 'connecting';
    let unsent: Uint8Array<ArrayBuffer>[] = [];
    const finish = (error: LavalierError | undefined): void => {
      if (state === 'done') return;
      state = 'done';
      events.end(error);
    };
    socket.onopen = () => {
      if (state !== 'connecting') return;
      state = 'open';
      for (const bytes of unsent) socket.send(bytes);
      unsent = [];
    };
    socket.onmessage = ({ data }) => {
      if (state !== 'open') return;
      try {
        events.message(fromBinary(method.output, new Uint8Array(data as ArrayBuffer)));
      } catch (error) {
        finish(failure(Status.INTERNAL, `message: malformed (${String(error)})`));
        socket.close();
      }
    };
    socket.onerror = () => {}; // its close follows
    socket.onclose = async ({ code, reason }) => {
      finish(state === 'connecting' ? await refusal(path, token) : closeFailure(code, reason));
    };
    return {
      send: (request) => {
        const bytes = toBinary(method.input, request);
        if (state === 'open') socket.send(bytes);
        else if (state === 'connecting') unsent.push(bytes);
      },
      cancel: () => {
        state = 'done';
        socket.close();
      },
    };
  }

  readonly loadOpusDecoder = loadOpusDecoder;

  close(): void {} // each call has a connection of its own
}

function base64Url(text: string): string {
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function closeFailure(code: number, reason: string): LavalierError | undefined {
  if (code === NORMAL_CLOSE) return undefined;
  return code >= FIRST_STATUS_CLOSE ? failure(code - FIRST_STATUS_CLOSE, reason)
    : failure(Status.UNAVAILABLE, reason || 'the connection to the server is lost');
}

/**
 * Returns why a WebSocket could not be opened. A browser does not show the response to a handshake, so
 * this sends the same request without the upgrade. The time is limited, because the next attempt to reconnect
 * waits for it, and `fetch` of Node.js can hang if the server closes the connection at once.
 */
async function refusal(url: string, token: string | undefined): Promise<LavalierError> {
  try {
    const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
    const signal = AbortSignal.timeout(REFUSAL_TIMEOUT_MS);
    const response = await fetch(url, { headers, cache: 'no-store', credentials: 'omit', signal });
    const text = (await response.text()).trim();
    if (response.status === 401) return failure(Status.UNAUTHENTICATED, text);
    if (response.status === 403) return failure(Status.PERMISSION_DENIED, text);
    if (response.status === 429) return failure(Status.RESOURCE_EXHAUSTED, text);
  } catch {
    // The server cannot be reached.
  }
  return failure(Status.UNAVAILABLE, `server: ${new URL(url).origin} (expected: a Lavalier server; it cannot be reached)`);
}
