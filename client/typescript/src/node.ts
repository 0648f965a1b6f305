import { fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import grpc from '@grpc/grpc-js';
import { Client } from './client.js';
import { failure, LavalierError, Status, tokenFrom } from './errors.js';
import { loadOpusDecoder } from './node-decoders.js';
import type { Call, CallEvents, Method, Transport } from './transport.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$|^unix:/;
// How gRPC reports a connection that failed, and what the handshake of TLS then reports.
const FAILED_CONNECTION = /^No connection established\. Last error: (?:Error: )?(.*?)(?:\. Resolution note: |\n|$)/;
const REJECTED_CERTIFICATE = /alert .*(?:certificate|unknown ca|access denied)/; // of this client
const FAILED_HANDSHAKE = /certificate|altnames|SSL routines/;
const TOKEN = /^[-A-Za-z0-9._~+/=]+$/;

/** How to reach a server. */
export interface ConnectOptions {
  /** Whether the connection is encrypted. Default: only if `ca` or `certificate` is set. */
  tls?: boolean;
  /** The CA certificates in PEM that the server's certificate is verified against. Default: those of Node.js. */
  ca?: Buffer;
  /** This client's certificate in PEM, with its chain. Needs `key`. */
  certificate?: Buffer;
  /** The private key of `certificate` in PEM. */
  key?: Buffer;
  /** The bearer token, or a function that returns one for each call, for tokens that expire. */
  token?: string | (() => string);
}

/**
 * Returns a client. It connects with the first call.
 *
 * @param server `HOST:PORT`, or `unix:PATH` for the server's Unix socket
 * @throws RangeError if an option is invalid, or if a token would be sent to another machine without
 *     encryption
 */
export function connect(server: string, options: ConnectOptions = {}): Client {
  return new Client(new GrpcTransport(server, options));
}

class GrpcTransport implements Transport {
  readonly #server: string;
  readonly #client: grpc.Client;
  readonly #token: (() => string) | null;

  constructor(server: string, { tls, ca, certificate, key, token }: ConnectOptions) {
    if (!certificate !== !key) {
      throw new RangeError('certificate, key: one (expected: both, or none)');
    }
    const encrypted = tls ?? Boolean(ca ?? certificate);
    if (token !== undefined && !encrypted && !LOOPBACK.test(server)) {
      throw new RangeError(`token: not sent to ${server} without encryption (expected: TLS, or a loopback address)`);
    }
    this.#server = server;
    this.#token = token === undefined ? null : () => checkToken(typeof token === 'string' ? token : tokenFrom(token));
    const credentials = encrypted
      ? grpc.credentials.createSsl(ca, key, certificate) : grpc.credentials.createInsecure();
    this.#client = new grpc.Client(server, credentials, {
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 5_000,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5_000,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  start<I extends DescMessage, O extends DescMessage>(method: Method<I, O>, events: CallEvents<O>): Call<I> {
    let done = false;
    const finish = (error: LavalierError | undefined): void => {
      if (done) return;
      done = true;
      events.end(error);
    };
    let call: grpc.ClientDuplexStream<MessageShape<I>, MessageShape<O>>;
    try {
      const metadata = new grpc.Metadata();
      if (this.#token) metadata.set('authorization', `Bearer ${this.#token()}`);
      call = this.#client.makeBidiStreamRequest(
        `/${method.parent.typeName}/${method.name}`,
        (request: MessageShape<I>) => Buffer.from(toBinary(method.input, request)),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        metadata);
    } catch (error) {
      queueMicrotask(() => finish(asFailure(error)));
      return { send: () => {}, cancel: () => { done = true; } };
    }
    call.on('data', (message: MessageShape<O>) => { if (!done) events.message(message); });
    call.on('error', (error: grpc.ServiceError) => finish(this.#failure(error)));
    call.on('end', () => {}); // the status follows
    call.on('status', (status) => finish(status.code === Status.OK ? undefined : this.#failure(status)));
    return {
      send: (request, last) => {
        call.write(request);
        if (last) call.end();
      },
      cancel: () => {
        done = true;
        call.cancel();
      },
    };
  }

  #failure({ code, details }: { code: number; details: string }): LavalierError {
    const line = FAILED_CONNECTION.exec(details)?.[1] ?? '';
    if (!FAILED_HANDSHAKE.test(line)) return failure(code, details);
    const reason = line.includes('wrong version number') ? 'the server answers without TLS' : line;
    return REJECTED_CERTIFICATE.test(line)
      ? new LavalierError('NOT_AUTHENTICATED', code, `certificate: not accepted (expected: one that ${this.#server} trusts; ${reason})`)
      : new LavalierError('TLS_FAILED', code, `server: ${this.#server} (expected: TLS with a trusted certificate; ${reason})`);
  }

  readonly loadOpusDecoder = loadOpusDecoder;

  close(): void {
    this.#client.close();
  }
}

function checkToken(token: string): string {
  if (!TOKEN.test(token)) {
    throw new LavalierError('NOT_AUTHENTICATED', Status.UNAUTHENTICATED,
      'token: invalid, and not shown (expected: letters, digits and -._~+/=, in one line)');
  }
  return token;
}

function asFailure(error: unknown): LavalierError {
  return error instanceof LavalierError ? error
    : failure(Status.UNAVAILABLE, error instanceof Error ? error.message : String(error));
}
