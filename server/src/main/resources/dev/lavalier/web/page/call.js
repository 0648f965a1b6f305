// One call of the contract over a WebSocket. Used by the page and by the worker.
import { SERVICE, Status } from './contract.js';
import { decode, encode } from './wire.js';

const NORMAL_CLOSE = 1000;
const FIRST_STATUS_CLOSE = 4000;
const REFUSALS = { 401: Status.UNAUTHENTICATED, 403: Status.PERMISSION_DENIED, 429: Status.RESOURCE_EXHAUSTED };
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

/** Returns the status of a call that was refused with an HTTP status and a line of text. */
export function refusalStatus(httpStatus, text) {
  const code = REFUSALS[httpStatus];
  return code ? { code, message: text } : { code: Status.UNAVAILABLE, message: `The WebSocket did not open (HTTP ${httpStatus}).` };
}

/**
 * Returns why a WebSocket could not be opened. A browser does not show the response to a
 * handshake, so this sends the same request without the upgrade.
 */
async function refusal(path, token) {
  try {
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    const response = await fetch(path, { headers, cache: 'no-store', credentials: 'omit' });
    return refusalStatus(response.status, (await response.text()).trim());
  } catch {
    return { code: Status.UNAVAILABLE, message: 'The server cannot be reached.' };
  }
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
