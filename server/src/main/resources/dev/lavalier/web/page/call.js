// One call of the contract over a WebSocket. Used by the page and by the worker.
import { SERVICE, Status } from './contract.js';
import { decode, encode } from './wire.js';

const NORMAL_CLOSE = 1000;
const FIRST_STATUS_CLOSE = 4000;
const LOST_MESSAGE = 'The connection to the server is lost.';

function base64Url(text) {
  const bytes = new TextEncoder().encode(text);
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Returns the status of a call whose WebSocket closed: `code` is a gRPC status. */
export function closeStatus(closeCode, reason) {
  if (closeCode === NORMAL_CLOSE) return { code: Status.OK, message: reason };
  if (closeCode >= FIRST_STATUS_CLOSE) return { code: closeCode - FIRST_STATUS_CLOSE, message: reason };
  return { code: Status.UNAVAILABLE, message: reason || LOST_MESSAGE };
}

/**
 * Returns why a WebSocket could not be opened. A browser does not show the response to a
 * handshake, so this sends the same request without the upgrade.
 */
async function refusal(path, token) {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(path, { headers, cache: 'no-store', credentials: 'omit' });
    const text = (await response.text()).trim();
    if (response.status === 401) return { code: Status.UNAUTHENTICATED, message: text };
    if (response.status === 403) return { code: Status.PERMISSION_DENIED, message: text };
  } catch {
    // The server cannot be reached.
  }
  return { code: Status.UNAVAILABLE, message: 'The server cannot be reached.' };
}

/** A call. It starts when it is created, and reports its end once, unless it is cancelled. */
export class Call {
  #socket;
  #requestType;
  #cancelled = false;

  /**
   * @param method the name of the method, such as `WatchDevices`
   * @param types `request` and `response`: message types
   * @param request the first request
   * @param token the bearer token; empty: none
   * @param onSent is called when the first request is sent
   * @param onMessage gets each response
   * @param onEnd gets `{ code, message }`
   */
  constructor({ method, types, request, token, onSent, onMessage, onEnd }) {
    this.#requestType = types.request;
    const url = new URL(SERVICE + method, self.location.href);
    const path = url.pathname;
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const protocols = ['lavalier.v1'];
    if (token) protocols.push(`lavalier.bearer.${base64Url(token)}`);
    const socket = new WebSocket(url, protocols);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.send(request);
      onSent?.();
    };
    socket.onmessage = ({ data }) => {
      if (this.#cancelled) return;
      try {
        onMessage(decode(types.response, new Uint8Array(data)));
      } catch (error) {
        this.cancel();
        onEnd({ code: Status.INTERNAL, message: `The page failed: ${error.message}` });
      }
    };
    socket.onclose = async ({ code, reason }) => {
      const status = opened ? closeStatus(code, reason) : await refusal(path, token);
      if (!this.#cancelled) onEnd(status);
    };
  }

  send(request) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encode(this.#requestType, request));
  }

  cancel() {
    this.#cancelled = true;
    this.#socket.close();
  }
}
