package lavalier

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	pb "lavalier.dev/go/lavalierv1"
)

const (
	rate      = 48_000
	frameSize = 960
	frameTime = int64(20 * time.Millisecond)
	window    = 4 // frames of 20 ms for 60 ms
)

// call is the server's side of one PullFrames call.
type call struct {
	pb.AudioCapture_PullFramesServer
	subscribe *pb.StreamFramesRequest
	credit    int32 // received and not used
}

// server runs one function for each call, and calls the last one again.
type server struct {
	pb.UnimplementedAudioCaptureServer
	t     *testing.T
	calls []func(*call) error
	next  int
}

func (s *server) PullFrames(stream pb.AudioCapture_PullFramesServer) error {
	request, err := stream.Recv()
	if err != nil {
		return err
	}
	run := s.calls[s.next]
	if s.next < len(s.calls)-1 {
		s.next++
	}
	return run(&call{AudioCapture_PullFramesServer: stream, subscribe: request.Subscribe, credit: request.Credit})
}

func (c *call) start(epoch int64) *call {
	c.Send(&pb.StreamFramesResponse{Message: &pb.StreamFramesResponse_Started{Started: &pb.StreamStarted{
		DeviceId: "tone", Epoch: epoch, FrameSize: frameSize, MaxLatencyMs: 200,
		Format: &pb.AudioFormat{
			Encoding: pb.SampleEncoding_SAMPLE_ENCODING_S16LE, SampleRateHz: rate, ChannelCount: 1},
	}}})
	return c
}

// frame sends a frame that costs a credit, and waits for the credit. The steady clock of the server
// is that of the test plus an hour.
func (c *call) frame(index int64, readAt int64, gap *pb.Gap) {
	for c.credit == 0 {
		request, err := c.Recv()
		if err != nil {
			return
		}
		c.credit += request.Credit
	}
	c.credit--
	c.Send(&pb.StreamFramesResponse{Message: &pb.StreamFramesResponse_Frame{Frame: &pb.AudioFrame{
		Pcm: make([]byte, 2*frameSize), SampleIndex: index, Gap: gap,
		ReadTimeSteadyNanos:  readAt + int64(time.Hour),
		CaptureTimeUnixNanos: 1_700_000_000_000_000_000 + readAt - frameTime,
		ReadDelayMicros:      uint32(frameTime / 1_000),
	}}})
}

func (c *call) waitForEnd() error {
	for {
		if _, err := c.Recv(); err != nil {
			return err
		}
	}
}

// clock is the steady clock of the client. It advances only if the test says so.
type clock struct{ nanos int64 }

func (c *clock) now() int64              { return atomic.LoadInt64(&c.nanos) }
func (c *clock) advance(d time.Duration) { atomic.AddInt64(&c.nanos, int64(d)) }

func (c *clock) option(s *Stream) {
	s.nanotime = c.now
	s.wait = func(ctx context.Context, d time.Duration) error {
		c.advance(d)
		return ctx.Err()
	}
}

// connect serves calls in this process.
func connect(t *testing.T, calls ...func(*call) error) *grpc.ClientConn {
	listener := bufconn.Listen(1 << 20)
	grpcServer := grpc.NewServer()
	pb.RegisterAudioCaptureServer(grpcServer, &server{t: t, calls: calls})
	go grpcServer.Serve(listener)
	conn, err := Dial("server", grpc.WithInsecure(),
		grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return listener.Dial() }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		grpcServer.Stop()
	})
	return conn
}

func pull(t *testing.T, conn grpc.ClientConnInterface, request *pb.StreamFramesRequest, options ...Option) *Stream {
	stream, err := Pull(context.Background(), conn, request, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stream.Close)
	return stream
}

func next(t *testing.T, stream *Stream) *pb.AudioFrame {
	t.Helper()
	frame, err := stream.Next()
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func expectGap(t *testing.T, frame *pb.AudioFrame, count int64, cause pb.GapCause, estimated bool) {
	t.Helper()
	gap := frame.Gap
	if gap.GetSampleCount() != count || gap.GetCause() != cause || gap.GetEstimated() != estimated {
		t.Errorf("gap %v (expected: %d samples, %s, estimated %v)", gap, count, cause, estimated)
	}
}

func TestNoCreditBeforeNextAndGapsAreReturned(t *testing.T) {
	credit := make(chan int32, 1)
	conn := connect(t, func(c *call) error {
		c.start(1)
		initial := c.credit
		c.frame(0, 0, nil)
		credit <- initial
		credit <- c.credit + 1
		c.frame(2*frameSize, 0, &pb.Gap{SampleCount: frameSize, Cause: pb.GapCause_GAP_CAUSE_DEVICE_OVERRUN})
		return c.waitForEnd()
	})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, (&clock{}).option)
	if id := stream.Started().DeviceId; id != "tone" {
		t.Errorf("device %q", id)
	}
	if gap := next(t, stream).Gap; gap != nil {
		t.Errorf("gap %v", gap)
	}
	if initial := <-credit; initial != 0 {
		t.Errorf("credit %d with the request (expected: 0)", initial)
	}
	if granted := <-credit; granted != window {
		t.Errorf("credit %d (expected: %d)", granted, window)
	}
	expectGap(t, next(t, stream), frameSize, pb.GapCause_GAP_CAUSE_DEVICE_OVERRUN, false)
}

func TestFramesThatExpiredDuringAStallAreCounted(t *testing.T) {
	c := &clock{nanos: 1}
	sent := make(chan bool)
	conn := connect(t, func(server *call) error {
		server.start(1)
		for i := int64(0); i < window; i++ {
			server.frame(i*frameSize, 0, nil)
		}
		<-sent
		// 5 s later: the frames in between expired on the server.
		server.frame(250*frameSize, int64(5*time.Second), &pb.Gap{
			SampleCount: (250 - window) * frameSize, Cause: pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER})
		return server.waitForEnd()
	})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, c.option)
	next(t, stream)
	c.advance(5 * time.Second)
	close(sent)
	frame := next(t, stream)
	if frame.SampleIndex != 250*frameSize {
		t.Errorf("frame %d (expected: the recent one)", frame.SampleIndex)
	}
	expectGap(t, frame, 249*frameSize, pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER, false)
}

func TestExpiredFrameEndsStreamWithPolicyClose(t *testing.T) {
	c := &clock{nanos: 1}
	conn := connect(t, func(server *call) error {
		server.start(1)
		server.frame(0, 0, nil)
		server.frame(frameSize, 0, nil)
		return server.waitForEnd()
	})
	stream := pull(t, conn, &pb.StreamFramesRequest{
		OverflowPolicy: pb.OverflowPolicy_OVERFLOW_POLICY_CLOSE}, c.option)
	next(t, stream)
	c.advance(time.Second)
	_, err := stream.Next()
	expectError(t, err, LimitReached, codes.ResourceExhausted, "max_latency_ms: 200 (expected: ")
}

func TestStreamResumesAfterLossOfConnection(t *testing.T) {
	c := &clock{nanos: 1}
	var notices []string
	conn := connect(t,
		func(server *call) error {
			server.start(1)
			server.frame(0, 0, nil)
			return status.Error(codes.Unavailable, "the server is stopping")
		},
		func(server *call) error { return status.Error(codes.Unavailable, "the device is busy") },
		func(server *call) error {
			resume := server.subscribe.GetResume()
			if resume.GetEpoch() != 1 || resume.GetSampleIndex() != frameSize || server.subscribe.FrameSize != frameSize {
				return status.Errorf(codes.Internal, "subscribe: %v", server.subscribe)
			}
			server.start(1)
			server.frame(100*frameSize, c.now(), &pb.Gap{
				SampleCount: 99 * frameSize, Cause: pb.GapCause_GAP_CAUSE_NOT_KEPT})
			return server.waitForEnd()
		})
	stream := pull(t, conn, &pb.StreamFramesRequest{Start: &pb.StreamFramesRequest_PrerollMs{PrerollMs: 0}},
		c.option, WithNotices(func(n Notice) { notices = append(notices, n.Message) }))
	next(t, stream)
	expectGap(t, next(t, stream), 99*frameSize, pb.GapCause_GAP_CAUSE_NOT_KEPT, false)
	if len(notices) != 2 || !strings.HasPrefix(notices[0], "connection lost, reconnecting") ||
		!strings.HasPrefix(notices[1], "reconnected after 0.") {
		t.Errorf("notices %q", notices)
	}
}

func TestGapBetweenEpochsIsEstimatedWithoutTheWallClockIfThatWasSet(t *testing.T) {
	c := &clock{nanos: 1}
	conn := connect(t,
		func(server *call) error {
			server.start(1)
			server.frame(0, 0, nil)
			return status.Error(codes.Unavailable, "lost")
		},
		func(server *call) error {
			c.advance(2*time.Second - time.Duration(c.now()))
			server.start(2)
			// The wall clock of the server was set forward by an hour.
			server.frame(0, int64(time.Hour), &pb.Gap{
				SampleCount: 3_600 * rate, Cause: pb.GapCause_GAP_CAUSE_NOT_KEPT, Estimated: true})
			return server.waitForEnd()
		})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, c.option)
	next(t, stream)
	frame := next(t, stream)
	if count := frame.Gap.SampleCount; count < 2*rate-2*frameSize || count > 2*rate {
		t.Errorf("gap of %d samples (expected: about 2 s)", count)
	}
	expectGap(t, frame, frame.Gap.SampleCount, pb.GapCause_GAP_CAUSE_NOT_KEPT, true)
}

func TestRejectedResumePointIsLeftOut(t *testing.T) {
	c := &clock{nanos: 1}
	conn := connect(t,
		func(server *call) error {
			server.start(9)
			server.frame(0, 0, nil)
			return status.Error(codes.Unavailable, "lost")
		},
		func(server *call) error { return status.Error(codes.OutOfRange, "resume: in the future") },
		func(server *call) error {
			if server.subscribe.Start != nil {
				return status.Errorf(codes.Internal, "subscribe: %v", server.subscribe)
			}
			server.start(3)
			server.frame(0, c.now(), nil)
			return server.waitForEnd()
		})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, c.option)
	next(t, stream)
	if gap := next(t, stream).Gap; !gap.GetEstimated() {
		t.Errorf("gap %v (expected: an estimate)", gap)
	}
}

func TestStalledSubscriberResumes(t *testing.T) {
	c := &clock{nanos: 1}
	conn := connect(t,
		func(server *call) error {
			server.start(1)
			server.frame(0, 0, nil)
			return status.Error(codes.ResourceExhausted, "no frame was read for 30 s")
		},
		func(server *call) error {
			server.start(1)
			server.frame(1_600*frameSize, c.now(), nil)
			return server.waitForEnd()
		})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, c.option)
	next(t, stream)
	c.advance(32 * time.Second)
	expectGap(t, next(t, stream), 1_599*frameSize, pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER, false)
}

func TestDeviceLossEndsStream(t *testing.T) {
	var notices []Notice
	conn := connect(t, func(server *call) error {
		server.start(1)
		server.Send(&pb.StreamFramesResponse{Message: &pb.StreamFramesResponse_Notice{Notice: &pb.StreamNotice{
			Kind: pb.NoticeKind_NOTICE_KIND_DEVICE_LOST, Message: "tone is lost"}}})
		return status.Error(codes.Unavailable, "tone is lost")
	})
	stream := pull(t, conn, &pb.StreamFramesRequest{}, WithNotices(func(n Notice) { notices = append(notices, n) }))
	_, err := stream.Next()
	expectError(t, err, Unavailable, codes.Unavailable, "tone is lost")
	if len(notices) != 1 || notices[0].Kind != pb.NoticeKind_NOTICE_KIND_DEVICE_LOST {
		t.Errorf("notices %v", notices)
	}
}

func TestReconnectionEndsAfterItsTime(t *testing.T) {
	c := &clock{nanos: 1}
	conn := connect(t,
		func(server *call) error {
			server.start(1)
			server.frame(0, 0, nil)
			return status.Error(codes.Unavailable, "lost")
		},
		func(server *call) error { return status.Error(codes.Unavailable, "gone") })
	stream := pull(t, conn, &pb.StreamFramesRequest{}, c.option, WithReconnect(time.Minute))
	next(t, stream)
	_, err := stream.Next()
	expectError(t, err, Unavailable, codes.Unavailable, "gone")
	if waited := time.Duration(c.now()); waited < time.Minute || waited > time.Minute+time.Second {
		t.Errorf("tried for %s (expected: a minute)", waited)
	}
	_, again := stream.Next()
	if again != err {
		t.Errorf("error %v after the end (expected: the same)", again)
	}
}

func TestErrorsHaveKindAndStatus(t *testing.T) {
	conn := connect(t, func(server *call) error {
		return status.Error(codes.NotFound, "device_id: moon (expected: one of tone)")
	})
	_, err := Pull(context.Background(), conn, &pb.StreamFramesRequest{DeviceId: "moon"})
	expectError(t, err, DeviceNotFound, codes.NotFound, "device_id: moon (expected: one of tone)")
}

func TestCloseAndContextEndNext(t *testing.T) {
	conn := connect(t, func(server *call) error { return server.start(1).waitForEnd() })
	stream := pull(t, conn, &pb.StreamFramesRequest{})
	go stream.Close()
	_, err := stream.Next()
	expectError(t, err, Cancelled, codes.Canceled, "stream: context canceled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v (expected: context.Canceled)", err)
	}
	ctx, cancel := context.WithDeadline(context.Background(), time.Now())
	defer cancel()
	_, err = Pull(ctx, conn, &pb.StreamFramesRequest{})
	expectError(t, err, Cancelled, codes.DeadlineExceeded, "stream: context deadline exceeded")
}

func expectError(t *testing.T, err error, kind Kind, code codes.Code, prefix string) {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || failure.Kind != kind || status.Code(err) != code ||
		!strings.HasPrefix(err.Error(), prefix) {
		t.Errorf("error %v of %T, code %s (expected: kind %d, %s, %q)", err, err, status.Code(err), kind, code, prefix)
	}
}
