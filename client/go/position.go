package lavalier

import (
	"math"

	pb "lavalier.dev/go/lavalierv1"
)

// margin is how much later than usual the first frame of a connection can arrive, in nanoseconds.
const margin = 250_000_000

// position is the end of the last frame of a stream.
//
// Within an epoch, the gap before the first frame of another connection is the difference of the
// sample indexes, so it is exact. Between epochs, it is the difference of the capture times. If that
// contradicts the time that passed by this client's steady clock, the passed time counts: the
// server's wall clock can be set in between.
type position struct {
	known     bool
	epoch     int64
	index     int64
	unixNanos int64 // when the next sample was captured, by the server's wall clock
	nextNanos int64 // the same, by this client's steady clock; later by the transfer time
}

func (p *position) resumePoint() *pb.ResumePoint {
	return &pb.ResumePoint{Epoch: p.epoch, SampleIndex: p.index}
}

// advance moves the position to the end of a frame.
func (p *position) advance(started *pb.StreamStarted, frame *pb.AudioFrame, onTime int64) {
	length := samplesToNanos(started, int64(started.FrameSize))
	*p = position{
		known:     true,
		epoch:     started.Epoch,
		index:     frame.SampleIndex + int64(started.FrameSize),
		unixNanos: frame.CaptureTimeUnixNanos + length,
		nextNanos: onTime - readDelayNanos(frame) + length,
	}
}

// gapParts returns the gap between the position and the first frame of another connection. Samples
// for which the server reports another cause than that it did not keep them have that cause. The
// others have the cause that is passed.
func (p *position) gapParts(
	started *pb.StreamStarted, frame *pb.AudioFrame, onTime int64, cause pb.GapCause,
) []*pb.GapPart {
	reported := partsOf(frame.Gap)
	if !p.known {
		return reported
	}
	missing := frame.SampleIndex - p.index
	estimated := started.Epoch != p.epoch
	if estimated {
		passed := onTime - readDelayNanos(frame) - p.nextNanos
		nanos := frame.CaptureTimeUnixNanos - p.unixNanos
		if difference := nanos - passed; difference > margin || difference < -margin {
			nanos = passed
		}
		rate := float64(started.Format.SampleRateHz)
		missing = int64(math.Round(float64(nanos) / nanosPerSecond * rate))
	}
	var parts []*pb.GapPart
	for _, part := range reported {
		if part.Cause == pb.GapCause_GAP_CAUSE_NOT_KEPT {
			estimated = estimated || part.Estimated
			continue
		}
		if count := min(missing, part.SampleCount); count > 0 {
			parts = append(parts, &pb.GapPart{SampleCount: count, Cause: part.Cause, Estimated: part.Estimated})
			missing -= count
		}
	}
	if missing > 0 {
		parts = append(parts, &pb.GapPart{SampleCount: missing, Cause: cause, Estimated: estimated})
	}
	return parts
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// partsOf returns the parts of a gap; nil has none.
func partsOf(gap *pb.Gap) []*pb.GapPart {
	if gap == nil {
		return nil
	}
	if len(gap.Parts) > 0 {
		return gap.Parts
	}
	return []*pb.GapPart{{SampleCount: gap.SampleCount, Cause: gap.Cause, Estimated: gap.Estimated}}
}

// gapOf returns the gap of adjacent parts, in the form of the contract; nil if there is no part.
func gapOf(parts []*pb.GapPart) *pb.Gap {
	var sums []*pb.GapPart
	gap := &pb.Gap{}
next:
	for _, part := range parts {
		gap.SampleCount += part.SampleCount
		gap.Estimated = gap.Estimated || part.Estimated
		for _, sum := range sums {
			if sum.Cause == part.Cause {
				sum.SampleCount += part.SampleCount
				sum.Estimated = sum.Estimated || part.Estimated
				continue next
			}
		}
		sums = append(sums, &pb.GapPart{
			SampleCount: part.SampleCount, Cause: part.Cause, Estimated: part.Estimated})
	}
	if len(sums) == 0 {
		return nil
	}
	largest := sums[0]
	for _, sum := range sums {
		if sum.SampleCount > largest.SampleCount {
			largest = sum
		}
	}
	gap.Cause = largest.Cause
	if len(sums) > 1 {
		gap.Parts = sums
	}
	return gap
}
