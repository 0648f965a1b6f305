package lavalier

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// Dial returns a connection to a server, with keepalive pings that find a dead network within 15 s.
// It does not wait for the connection. The options are those of grpc.Dial: pass
// grpc.WithTransportCredentials for TLS, or grpc.WithInsecure for a server on this machine.
//
// target is HOST:PORT, or unix:PATH for the server's Unix socket.
func Dial(target string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	retries := backoff.DefaultConfig
	retries.BaseDelay = firstBackoff
	retries.MaxDelay = maxBackoff
	defaults := []grpc.DialOption{
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: retries, MinConnectTimeout: 5 * time.Second}),
	}
	return grpc.Dial(target, append(defaults, options...)...)
}

// Token returns a bearer token for grpc.WithPerRPCCredentials. gRPC sends it only over TLS. Anyone
// who has the token can listen.
func Token(token string) TokenSource {
	return func(context.Context) (string, error) { return token, nil }
}

// TokenSource returns the bearer token for each call, for tokens that expire. Any goroutine calls
// it. If it returns an error, the call fails as NotAuthenticated.
type TokenSource func(context.Context) (string, error)

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (t TokenSource) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	token, err := t(ctx)
	if err != nil {
		return nil, status.Errorf(codes.Unauthenticated,
			"token: none (expected: one from the token source; it returned an error: %v)", err)
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (t TokenSource) RequireTransportSecurity() bool { return true }
