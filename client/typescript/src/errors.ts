/**
 * The kind of a failure, with advice.
 *
 * - `INVALID_REQUEST`: a value is out of range. Fix the request.
 * - `DEVICE_NOT_FOUND`: the device does not exist, or there is no default device. Choose another.
 * - `FORMAT_NOT_AVAILABLE`: choose one of the formats that the message lists.
 * - `LIMIT_REACHED`: a limit of the server was reached, or this client was too slow under
 *   OVERFLOW_POLICY_CLOSE. Retry later.
 * - `UNAVAILABLE`: the server is unreachable or stopping, or the device is busy or lost. Retry later.
 * - `NOT_AUTHENTICATED`: the credential is missing, unknown, expired or revoked. Ask the operator.
 * - `NOT_PERMITTED`: the caller is authenticated but does not have the grant. Ask the operator.
 * - `TLS_FAILED`: the server's certificate is not trusted, or the server does not use TLS. Fix the options of
 *   `connect`, or ask the operator. A browser does not report it: there it is `UNAVAILABLE`.
 * - `CANCELLED`: this program closed the client or the stream.
 * - `NOT_SUPPORTED`: the server does not have the method, or there is no decoder for the codec here.
 * - `INTERNAL`: client and server are incompatible, or there is a bug. Report it.
 */
export type ErrorKind =
  | 'INVALID_REQUEST' | 'DEVICE_NOT_FOUND' | 'FORMAT_NOT_AVAILABLE' | 'LIMIT_REACHED' | 'UNAVAILABLE'
  | 'NOT_AUTHENTICATED' | 'NOT_PERMITTED' | 'TLS_FAILED' | 'CANCELLED' | 'NOT_SUPPORTED' | 'INTERNAL';

/** The numbers of the gRPC statuses that this package itself uses. */
export const Status = {
  OK: 0, CANCELLED: 1, PERMISSION_DENIED: 7, RESOURCE_EXHAUSTED: 8, UNIMPLEMENTED: 12, INTERNAL: 13, UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

const KINDS: Readonly<Record<number, ErrorKind>> = {
  1: 'UNAVAILABLE', // by the transport; this program's own end is made with `cancelled`
  3: 'INVALID_REQUEST',
  4: 'UNAVAILABLE',
  5: 'DEVICE_NOT_FOUND',
  7: 'NOT_PERMITTED',
  8: 'LIMIT_REACHED',
  9: 'FORMAT_NOT_AVAILABLE',
  10: 'UNAVAILABLE',
  11: 'INVALID_REQUEST',
  12: 'NOT_SUPPORTED',
  14: 'UNAVAILABLE',
  16: 'NOT_AUTHENTICATED',
};

/** The reason why a call failed or a stream ended. The message is one line. */
export class LavalierError extends Error {
  override readonly name = 'LavalierError';

  /**
   * @param kind says what to do
   * @param code the number of the gRPC status
   */
  constructor(readonly kind: ErrorKind, readonly code: number, message: string) {
    super(message);
  }

  /** Whether the same request can succeed later. */
  get retryable(): boolean {
    return this.kind === 'LIMIT_REACHED' || this.kind === 'UNAVAILABLE';
  }
}

/** Returns the error for a gRPC status. */
export function failure(code: number, message: string): LavalierError {
  const line = message.split('\n', 1)[0] || `the call ended with status ${code}`;
  return new LavalierError(KINDS[code] ?? 'INTERNAL', code, line);
}

/** Returns the token of a function. Throws a LavalierError if the function throws. */
export function tokenFrom(source: () => string): string {
  try {
    return source();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    throw failure(Status.UNAUTHENTICATED, `token: none (expected: one from the token function; it threw ${name})`);
  }
}

/** Returns the error for a call that this program ended. */
export function cancelled(message: string): LavalierError {
  return new LavalierError('CANCELLED', Status.CANCELLED, message);
}
