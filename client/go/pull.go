// Package lavalier streams the microphones of a Lavalier server.
//
// Pull returns the frames of a device as the program asks for them: after a stall of the program, no
// old frame is returned, and a gap counts each sample that is missing. Package lavalierv1 has the
// stubs of the contract, for all other calls.
package lavalier

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	pb "lavalier.dev/go/lavalierv1"
)

const (
	// The server needs up to 13 s to answer: it closes a device within 3 s and opens it within 10 s.
	answerTimeout    = 20 * time.Second
	minAnswerTimeout = time.Second
	defaultReconnect = 5 * time.Minute
	minWindow        = 2
	minWindowMs      = 60
)

// Notice is information about a stream: of the server, or about a reconnection.
type Notice struct {
	// Kind is NOTICE_KIND_UNSPECIFIED for a reconnection.
	Kind pb.NoticeKind
	// Message is one sentence for people.
	Message string
	// ClockPpm is the deviation of the device's clock, for NOTICE_KIND_CLOCK.
	ClockPpm float64
}

// Option changes how Pull works.
type Option func(*Stream)

// WithReconnect sets how long the stream tries to reconnect after each loss of the connection, or
// after the server ended it because no frame was read. 0: not at all. Default: 5 minutes.
func WithReconnect(limit time.Duration) Option {
	return func(s *Stream) { s.reconnect = limit }
}

// WithNotices sets a function that gets notices. It runs during Pull and Next.
func WithNotices(notices func(Notice)) Option {
	return func(s *Stream) { s.notices = notices }
}

// Stream is one subscription, across any number of connections. One goroutine uses it; only Close
// can be called by any goroutine.
type Stream struct {
	client    pb.AudioCaptureClient
	request   *pb.StreamFramesRequest
	reconnect time.Duration
	notices   func(Notice)
	resetWait func() // lets gRPC connect at once
	nanotime  func() int64
	wait      func(context.Context, time.Duration) error

	ctx        context.Context
	cancel     context.CancelFunc
	call       pb.AudioCapture_PullFramesClient
	endCall    context.CancelFunc
	started    *pb.StreamStarted
	ages       *frameAges // of this connection; nil before its first frame
	position   position
	parts      []*pb.GapPart // missing before the next frame
	credit     int64         // what the server can still send, and what was not read yet
	window     int64         // the credit that the server should have
	pacing     pacing
	lossIsLast bool  // the server reported a device loss that ends the call
	resumed    bool  // the last request has a resume point
	queueMs    int32 // of the last request; 0: the default

	lost         bool // the connection was lost, and no frame has arrived since
	lostAt       int64
	attempts     int
	missingCause pb.GapCause
	err          *Error
}

// Pull subscribes to a device, and waits until the server has opened it. The empty request is valid:
// it means the default device, 20 ms frames, the capture format. The server checks the values. The
// stream ends when the context does. An error is an *Error.
func Pull(
	ctx context.Context, conn grpc.ClientConnInterface, request *pb.StreamFramesRequest, options ...Option,
) (*Stream, error) {
	s := newStream(ctx, conn, request)
	for _, option := range options {
		option(s)
	}
	if err := s.connect(s.request, answerTimeout); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func newStream(ctx context.Context, conn grpc.ClientConnInterface, request *pb.StreamFramesRequest) *Stream {
	origin := time.Now()
	s := &Stream{
		client:    pb.NewAudioCaptureClient(conn),
		request:   proto.Clone(request).(*pb.StreamFramesRequest),
		reconnect: defaultReconnect,
		notices:   func(Notice) {},
		resetWait: func() {},
		nanotime:  func() int64 { return int64(time.Since(origin)) },
		wait:      sleep,
	}
	if resetter, ok := conn.(interface{ ResetConnectBackoff() }); ok {
		s.resetWait = resetter.ResetConnectBackoff
	}
	s.queueMs = s.request.MaxLatencyMs
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Started returns the properties of the current epoch. They change when Next reaches a later one. Do
// not modify them.
func (s *Stream) Started() *pb.StreamStarted { return s.started }

// Close ends the subscription. A waiting Next returns an error.
func (s *Stream) Close() { s.cancel() }

// Next waits for the next frame. Its Gap counts all samples that are missing before it, also those
// that this client dropped because they were too old when it read them, and those of a time without a
// connection. The frame belongs to the caller. An error is an *Error, and ends the stream.
func (s *Stream) Next() (*pb.AudioFrame, error) {
	if s.err != nil {
		return nil, s.err
	}
	s.pacing.called(s.nanotime())
	for {
		frame, err := s.receive()
		if err != nil {
			s.err = err
			s.Close()
			return nil, err
		}
		if frame != nil {
			s.pacing.returned(s.nanotime())
			return frame, nil
		}
	}
}

// receive handles one message, or reconnects. It returns nil if there is no frame for the caller.
func (s *Stream) receive() (*pb.AudioFrame, *Error) {
	s.grant()
	message, err := s.call.Recv()
	if err != nil {
		return nil, s.resume(failure(s.ctx, err))
	}
	frame := message.GetFrame()
	if frame == nil {
		s.handle(message)
		return nil, nil
	}
	return s.arrived(frame)
}

// handle handles a message that is not a frame.
func (s *Stream) handle(message *pb.StreamFramesResponse) {
	if started := message.GetStarted(); started != nil {
		s.started = started
		s.pacing.setRate(started)
	} else if notice := message.GetNotice(); notice != nil {
		s.lossIsLast = s.lossIsLast || notice.Kind == pb.NoticeKind_NOTICE_KIND_DEVICE_LOST &&
			s.request.OnDeviceLoss != pb.OnDeviceLoss_ON_DEVICE_LOSS_WAIT
		s.notices(Notice{notice.Kind, notice.Message, notice.ClockPpm})
	}
}

// grant tops up the credit. The program is ready for a frame when it calls this.
func (s *Stream) grant() {
	if credit := s.window - s.credit; credit > 0 {
		s.credit = s.window
		// A call that has ended fails in Recv.
		_ = s.call.Send(&pb.PullFramesRequest{Credit: int32(credit)})
	}
}

func (s *Stream) arrived(frame *pb.AudioFrame) (*pb.AudioFrame, *Error) {
	now := s.nanotime()
	s.credit--
	if s.ages == nil {
		s.ages = &frameAges{maxDelay: int64(s.started.MaxLatencyMs) * int64(time.Millisecond)}
	}
	expired := s.ages.isExpired(s.started, frame, now)
	if s.lost {
		parts := s.position.gapParts(s.started, frame, s.ages.onTime, s.missingCause)
		s.notifyReconnected(now, gapOf(parts))
		s.parts = append(s.parts, parts...)
		s.lost = false
	} else {
		s.window = s.pacing.adjusted(s.window, frame.Gap, now)
		s.parts = append(s.parts, partsOf(frame.Gap)...)
	}
	s.position.advance(s.started, frame, s.ages.onTime)
	if !expired {
		frame.Gap = gapOf(s.parts)
		s.parts = nil
		return frame, nil
	}
	s.parts = partsOf(gapOf(append(s.parts, &pb.GapPart{
		SampleCount: int64(s.started.FrameSize), Cause: pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER})))
	if s.request.OverflowPolicy == pb.OverflowPolicy_OVERFLOW_POLICY_CLOSE {
		return nil, newError(codes.ResourceExhausted, fmt.Sprintf(
			"max_latency_ms: %d (expected: frames read in time; they exceeded it in transit)",
			s.started.MaxLatencyMs), nil)
	}
	return nil, nil
}

// connect starts a call and waits for `started`.
func (s *Stream) connect(request *pb.StreamFramesRequest, timeout time.Duration) *Error {
	if s.endCall != nil {
		s.endCall()
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.endCall = cancel
	s.ages = nil
	s.window, s.credit = 0, 0
	timer := time.AfterFunc(timeout, cancel)
	err := s.open(ctx, request)
	if !timer.Stop() && err != nil && s.ctx.Err() == nil {
		err = newError(codes.Unavailable, fmt.Sprintf("the server did not answer in %s", timeout), err)
	}
	if err != nil {
		return failure(s.ctx, err)
	}
	frameMs := 1_000 * float64(s.started.FrameSize) / float64(s.started.Format.SampleRateHz)
	s.window = int64(minWindowMs/frameMs) + 1
	if s.window < minWindow {
		s.window = minWindow
	}
	return nil
}

func (s *Stream) open(ctx context.Context, request *pb.StreamFramesRequest) error {
	call, err := s.client.PullFrames(ctx)
	if err != nil {
		return err
	}
	s.call = call
	_ = call.Send(&pb.PullFramesRequest{Subscribe: request}) // a call that has ended fails in Recv
	for {
		message, err := call.Recv()
		if err != nil {
			return err
		}
		s.handle(message)
		if message.GetStarted() != nil {
			return nil
		}
	}
}
