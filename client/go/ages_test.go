package lavalier

import (
	"testing"
	"time"

	pb "lavalier.dev/go/lavalierv1"
)

const ms = int64(time.Millisecond)

var started = &pb.StreamStarted{
	Epoch: 1, FrameSize: frameSize, MaxLatencyMs: 200, Format: &pb.AudioFormat{SampleRateHz: rate}}

func newAges() *frameAges { return &frameAges{maxDelay: 200 * ms} }

// readAt returns a frame that the server read at a time of its steady clock, and whose wall clock
// shows another time.
func readAt(steady, wall int64) *pb.AudioFrame {
	return &pb.AudioFrame{
		SampleIndex: frameSize, ReadTimeSteadyNanos: steady + 1,
		CaptureTimeUnixNanos: wall + 1 - frameTime, ReadDelayMicros: uint32(frameTime / 1_000)}
}

func TestFrameExpiresBeyondTheShortestTransferTime(t *testing.T) {
	ages := newAges()
	for _, c := range []struct {
		arrived, read int64
		expired       bool
	}{{1_000, 0, false}, {1_300, 100, false}, {1_401, 200, true}, {1_600, 600, false}} {
		if expired := ages.isExpired(started, readAt(c.read*ms, c.read*ms), c.arrived*ms); expired != c.expired {
			t.Errorf("frame of %d ms that arrived at %d ms: expired %v", c.read, c.arrived, expired)
		}
	}
}

func TestSuspendedServerExpiresNoFrame(t *testing.T) {
	ages := newAges()
	ages.isExpired(started, readAt(0, 0), 1_000*ms)
	// The server was suspended for 10 s: its steady clock stopped.
	if ages.isExpired(started, readAt(20*ms, 10_020*ms), 11_020*ms) {
		t.Error("expired after a suspension")
	}
	// Its wall clock was set: no time passed.
	if ages.isExpired(started, readAt(40*ms, 99_000*ms), 11_040*ms) {
		t.Error("expired after the clock was set")
	}
}

func TestPausedServerClockExpiresFramesForFiveSeconds(t *testing.T) {
	ages := newAges()
	ages.isExpired(started, readAt(0, 0), 0)
	expired := 0
	for i := int64(1); i <= 300; i++ {
		if ages.isExpired(started, readAt(20*i*ms, 20*i*ms), (20*i+1_000)*ms) {
			expired++
		}
	}
	if expired < 250 || expired > 253 {
		t.Errorf("%d frames expired (expected: those of 5 s)", expired)
	}
}

func TestHistoryDoesNotExpire(t *testing.T) {
	ages := newAges()
	history := &pb.StreamStarted{
		Epoch: 1, FrameSize: frameSize, PrerollMs: 1_000, Format: &pb.AudioFormat{SampleRateHz: rate}}
	for i := int64(0); i < 51; i++ {
		frame := readAt(20*i*ms, 20*i*ms)
		frame.SampleIndex = i * frameSize
		if ages.isExpired(history, frame, (1_000+4*i)*ms) {
			t.Errorf("frame %d expired", i)
		}
	}
}

func TestGapHasPartsByCause(t *testing.T) {
	slow, overrun := pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER, pb.GapCause_GAP_CAUSE_DEVICE_OVERRUN
	gap := gapOf([]*pb.GapPart{
		{SampleCount: 10, Cause: slow}, {SampleCount: 15, Cause: overrun, Estimated: true}, {SampleCount: 20, Cause: slow}})
	if gap.SampleCount != 45 || gap.Cause != slow || !gap.Estimated || len(gap.Parts) != 2 ||
		gap.Parts[0].SampleCount != 30 || gap.Parts[0].Estimated {
		t.Errorf("gap %v", gap)
	}
	if gapOf(nil) != nil {
		t.Error("a gap of nothing")
	}
}

func TestWindowGrowsOnlyIfTheProgramWaits(t *testing.T) {
	p := &pacing{}
	p.setRate(started)
	slow := &pb.Gap{SampleCount: frameSize, Cause: pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER}
	now := int64(0)
	step := func(busy, waiting int64, gap *pb.Gap, size int64) int64 {
		p.returned(now)
		now += busy
		p.called(now)
		now += waiting
		return p.adjusted(size, gap, now)
	}
	step(0, 100*ms, nil, 4)
	if size := step(50*ms, 1*ms, slow, 4); size != 6 {
		t.Errorf("window %d (expected: 6)", size)
	}
	if size := step(50*ms, 10*ms, slow, 6); size != 6 {
		t.Errorf("window %d of a slow program (expected: 6)", size)
	}
	if size := step(0, 100*ms, slow, 14); size != 15 {
		t.Errorf("window %d (expected: 15, that is 300 ms)", size)
	}
	if size := step(0, 100*ms, nil, 6); size != 6 {
		t.Errorf("window %d without a gap (expected: 6)", size)
	}
}
