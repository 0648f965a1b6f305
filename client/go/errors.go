package lavalier

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Kind is the kind of a failure, with advice. The set is closed.
type Kind int

const (
	// Internal: client and server are incompatible, or there is a bug. Report it.
	Internal Kind = iota
	// InvalidRequest: a value is out of range. Fix the request.
	InvalidRequest
	// DeviceNotFound: the device does not exist, or there is no default device. Choose another.
	DeviceNotFound
	// FormatNotAvailable: choose one of the formats that the message lists.
	FormatNotAvailable
	// LimitReached: a limit of the server was reached, or this client was too slow under
	// OVERFLOW_POLICY_CLOSE. Retry later.
	LimitReached
	// Unavailable: the server is unreachable or stopping, or the device is busy or lost. Retry later.
	Unavailable
	// NotAuthenticated: the credential is missing, unknown, expired or revoked. Ask the operator.
	NotAuthenticated
	// NotPermitted: the caller is authenticated but does not have the grant. Ask the operator.
	NotPermitted
	// Cancelled: this program closed the stream, or its context ended.
	Cancelled
	// NotSupported: the server does not have the method.
	NotSupported
	// TLSFailed: the server's certificate is not trusted, or the server does not use TLS. Fix the options
	// of Dial, or ask the operator.
	TLSFailed
)

var kinds = map[codes.Code]Kind{
	codes.InvalidArgument:    InvalidRequest,
	codes.OutOfRange:         InvalidRequest,
	codes.NotFound:           DeviceNotFound,
	codes.FailedPrecondition: FormatNotAvailable,
	codes.ResourceExhausted:  LimitReached,
	codes.Unavailable:        Unavailable,
	codes.DeadlineExceeded:   Unavailable,
	codes.Aborted:            Unavailable,
	codes.Canceled:           Unavailable,
	codes.Unauthenticated:    NotAuthenticated,
	codes.PermissionDenied:   NotPermitted,
	codes.Unimplemented:      NotSupported,
}

// handshakeFailure matches gRPC's message for a TLS handshake that fails in each attempt. The status
// is UNAVAILABLE.
var handshakeFailure = regexp.MustCompile(`authentication handshake failed: (remote error: )?(?:tls|x509): `)

// Error is the reason why a stream ended. Its message is one line: that of the server, if the server
// sent one.
type Error struct {
	Kind    Kind
	Message string
	code    codes.Code
	cause   error
}

// newError returns an error of this client.
func newError(code codes.Code, message string, cause error) *Error {
	return &Error{Kind: kinds[code], Message: message, code: code, cause: cause}
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns the error of gRPC or of the context; nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// GRPCStatus returns the status of the call, so that status.Code and status.FromError work.
func (e *Error) GRPCStatus() *status.Status {
	return status.New(e.code, e.Message)
}

func (e *Error) retryable() bool { return e.Kind == LimitReached || e.Kind == Unavailable }

// failure returns the error for what gRPC returned.
func failure(ctx context.Context, err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if ctx.Err() != nil {
		code := codes.Canceled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			code = codes.DeadlineExceeded
		}
		return &Error{Cancelled, "stream: " + ctx.Err().Error(), code, ctx.Err()}
	}
	if errors.Is(err, io.EOF) {
		return newError(codes.Internal, "the server ended the stream", err)
	}
	message := status.Convert(err).Message()
	if i := strings.IndexByte(message, '\n'); i >= 0 {
		message = message[:i]
	}
	result := newError(status.Code(err), message, err)
	if match := handshakeFailure.FindStringSubmatch(message); match != nil {
		result.Kind = TLSFailed
		if match[1] != "" && strings.Contains(message, "certificate") { // this client's
			result.Kind = NotAuthenticated
		}
	}
	return result
}
