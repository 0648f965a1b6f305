package lavalier

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	pb "lavalier.dev/go/lavalierv1"
)

const stall = 3 * time.Second

// dialServer connects to the server that GoIT has started: TEST_SERVER, with TLS if TEST_CA
// is set, and with the token TEST_TOKEN.
func dialServer(t *testing.T, options ...grpc.DialOption) *grpc.ClientConn {
	target := os.Getenv("TEST_SERVER")
	if target == "" {
		t.Skip("TEST_SERVER is not set: GoIT runs this test")
	}
	if ca := os.Getenv("TEST_CA"); ca != "" {
		tls, err := credentials.NewClientTLSFromFile(ca, "")
		if err != nil {
			t.Fatal(err)
		}
		options = append(options, grpc.WithTransportCredentials(tls))
	} else {
		options = append(options, grpc.WithInsecure())
	}
	conn, err := Dial(target, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func token() []grpc.DialOption {
	if token := os.Getenv("TEST_TOKEN"); token != "" {
		return []grpc.DialOption{grpc.WithPerRPCCredentials(Token(token))}
	}
	return nil
}

func TestServerAfterStallFramesAreRecentAndEachSampleIsCounted(t *testing.T) {
	stream := pull(t, dialServer(t, token()...), &pb.StreamFramesRequest{})
	first, end, frames, missing := int64(-1), int64(0), int64(0), int64(0)
	for i := 0; i < 40; i++ {
		if i == 20 {
			time.Sleep(stall)
		}
		frame := next(t, stream)
		age := time.Since(time.Unix(0, frame.CaptureTimeUnixNanos))
		if age > stall/2 {
			t.Errorf("frame %d is %s old", i, age)
		}
		if first < 0 {
			first = frame.SampleIndex
		} else {
			missing += frame.Gap.GetSampleCount()
		}
		frames += int64(stream.Started().FrameSize)
		end = frame.SampleIndex + int64(stream.Started().FrameSize)
	}
	if frames+missing != end-first {
		t.Errorf("%d samples in frames, %d in gaps (expected: %d)", frames, missing, end-first)
	}
	if lost := time.Duration(samplesToNanos(stream.Started(), missing)); lost < stall/2 {
		t.Errorf("%s are missing (expected: about %s)", lost, stall)
	}
}

func TestServerRejectsUnknownDevice(t *testing.T) {
	_, err := Pull(context.Background(), dialServer(t, token()...), &pb.StreamFramesRequest{DeviceId: "moon"})
	expectError(t, err, DeviceNotFound, codes.NotFound, "device_id: moon (expected: one of tone)")
}

func TestServerWithUntrustedCertificateIsReported(t *testing.T) {
	conn, err := Dial(os.Getenv("TEST_SERVER"),
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(x509.NewCertPool(), "")))
	if err != nil || os.Getenv("TEST_CA") == "" {
		t.Skip("TEST_CA is not set: GoIT runs this test")
	}
	defer conn.Close()
	_, err = Pull(context.Background(), conn, &pb.StreamFramesRequest{})
	expectError(t, err, TLSFailed, codes.Unavailable, "")
}

func TestServerWithoutTLSIsReported(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			peer, err := listener.Accept()
			if err != nil {
				return
			}
			peer.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			defer peer.Close()
		}
	}()
	conn, err := Dial(listener.Addr().String(),
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(x509.NewCertPool(), "")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = Pull(context.Background(), conn, &pb.StreamFramesRequest{})
	expectError(t, err, TLSFailed, codes.Unavailable, "")
}

func TestServerIsNotAskedWithoutToken(t *testing.T) {
	if os.Getenv("TEST_CA") == "" {
		t.Skip("TEST_CA is not set: GoIT runs this test")
	}
	none := TokenSource(func(context.Context) (string, error) { return "", errors.New("expired") })
	_, err := Pull(context.Background(), dialServer(t, grpc.WithPerRPCCredentials(none)), &pb.StreamFramesRequest{})
	expectError(t, err, NotAuthenticated, codes.Unauthenticated,
		"token: none (expected: one from the token source; it returned an error: expired)")
}

func TestServerSendsPackets(t *testing.T) {
	stream := pull(t, dialServer(t, token()...), &pb.StreamFramesRequest{
		Codec: pb.Codec_CODEC_OPUS, Bitrate: 32_000,
		Format: &pb.AudioFormat{SampleRateHz: 48_000, ChannelCount: 1}})
	frame := next(t, stream)
	if stream.Started().Bitrate != 32_000 || len(stream.Started().CodecConfig) == 0 {
		t.Errorf("started %v (expected: 32000 bit/s and a configuration)", stream.Started())
	}
	if len(frame.Pcm) != 0 || len(frame.Packet) < 2 || len(frame.Packet) > 500 {
		t.Errorf("%d bytes of PCM, a packet of %d bytes (expected: a packet)", len(frame.Pcm), len(frame.Packet))
	}
}

func TestServerRequiresToken(t *testing.T) {
	if os.Getenv("TEST_TOKEN") == "" {
		t.Skip("TEST_TOKEN is not set: GoIT runs this test")
	}
	_, err := Pull(context.Background(), dialServer(t), &pb.StreamFramesRequest{})
	expectError(t, err, NotAuthenticated, codes.Unauthenticated, "authorization: unset (expected: ")
}
