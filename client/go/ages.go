package lavalier

import (
	"math"

	pb "lavalier.dev/go/lavalierv1"
)

// All times are in nanoseconds.
const (
	driftDivisor      = 1_000
	clockPauseTimeout = 5_000_000_000
	minSuspension     = 100_000_000
	arrivalJitter     = 50_000_000
	nanosPerSecond    = 1e9
)

// frameAges decides which frames of one connection have expired, without trusting a wall clock.
//
// The clocks of server and client need not agree. The smallest difference between the arrival of a
// frame and its read time, the base delay, contains their offset and the shortest transfer time.
// Clocks drift, so it rises by a thousandth of the time that passes. If every frame has expired for
// 5 s, the steady clock of the server was paused, and the base delay is measured again.
//
// If the server's wall clock has advanced by more than its steady clock, and no frame arrived for as
// long, the server's machine was suspended, and the difference is added to the read times.
//
// History that was requested does not expire. It ends at a sample index.
type frameAges struct {
	maxDelay int64

	epoch           int64 // 0: none yet
	historyEndIndex int64 // of the epoch
	historyEndNanos int64 // when it was live, by this client's steady clock

	seen           bool  // whether a frame has arrived
	lastArrival    int64 // of the frame before
	lastWallOffset int64 // the server's wall clock minus its steady clock
	suspended      int64 // the total time that the server's steady clock missed

	measured     bool
	baseDelay    int64 // as of baseDelayAt
	baseDelayAt  int64
	expiredSince int64
	expired      bool // whether the last frame was

	onTime int64 // when the last frame would have arrived after the shortest transfer time
}

// isExpired returns whether a frame has waited for too long. Call it in the order of arrival.
func (a *frameAges) isExpired(started *pb.StreamStarted, frame *pb.AudioFrame, now int64) bool {
	if started.Epoch != a.epoch {
		a.epoch = started.Epoch
		rate := int64(started.Format.SampleRateHz)
		a.historyEndIndex = frame.SampleIndex + int64(started.PrerollMs)*rate/1_000
		a.historyEndNanos = now
	}
	a.followSuspension(frame, now)
	if frame.SampleIndex < a.historyEndIndex {
		rest := a.historyEndIndex - frame.SampleIndex - int64(started.FrameSize)
		a.onTime = a.historyEndNanos - samplesToNanos(started, rest)
		return false
	}
	if frame.ReadTimeSteadyNanos == 0 { // a server without CAPABILITY_STEADY_TIME
		a.onTime = now
		return false
	}
	read := frame.ReadTimeSteadyNanos + a.suspended
	a.followBaseDelay(now-read, now)
	a.onTime = read + a.baseDelay
	return a.follow(now-read-a.baseDelay > a.maxDelay, now)
}

func (a *frameAges) followSuspension(frame *pb.AudioFrame, now int64) {
	offset := wallOffset(frame)
	advance := offset - a.lastWallOffset
	if a.seen && advance >= minSuspension && now-a.lastArrival >= advance-arrivalJitter {
		a.suspended += advance
	}
	a.seen = true
	a.lastWallOffset = offset
	a.lastArrival = now
}

func (a *frameAges) followBaseDelay(delay, now int64) {
	if a.measured {
		a.baseDelay += (now - a.baseDelayAt) / driftDivisor
	}
	if !a.measured || delay < a.baseDelay {
		a.baseDelay = delay
		a.measured = true
	}
	a.baseDelayAt = now
}

func (a *frameAges) follow(expired bool, now int64) bool {
	switch {
	case !expired:
		a.expired = false
	case !a.expired:
		a.expired = true
		a.expiredSince = now
	case now-a.expiredSince > clockPauseTimeout:
		a.measured = false
		a.expired = false
	}
	return expired
}

func wallOffset(frame *pb.AudioFrame) int64 {
	return frame.CaptureTimeUnixNanos + readDelayNanos(frame) - frame.ReadTimeSteadyNanos
}

func readDelayNanos(frame *pb.AudioFrame) int64 {
	return int64(frame.ReadDelayMicros) * 1_000
}

func samplesToNanos(started *pb.StreamStarted, samples int64) int64 {
	return int64(math.Round(float64(samples) * nanosPerSecond / float64(started.Format.SampleRateHz)))
}
