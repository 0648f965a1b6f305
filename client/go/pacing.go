package lavalier

import pb "lavalier.dev/go/lavalierv1"

// maxWindowMs limits the audio that can be in transit. What expires there is dropped and counted.
const maxWindowMs = 300

// pacing finds out whether frames are lost because the credit is too small for the round trip. If the
// program was waiting for frames most of the time, and the server dropped some for want of credit,
// more frames must be in transit.
type pacing struct {
	maxWindow int64
	since     int64 // the time of the last adjustment
	busy      int64 // how long the program has processed frames since then
	leftAt    int64 // when the program got its last frame; 0: it has none
}

func (p *pacing) setRate(started *pb.StreamStarted) {
	samples := int64(started.Format.SampleRateHz) * maxWindowMs / 1_000
	p.maxWindow = samples / int64(started.FrameSize)
}

func (p *pacing) called(now int64) {
	if p.leftAt != 0 {
		p.busy += now - p.leftAt
	}
}

func (p *pacing) returned(now int64) { p.leftAt = now }

// adjusted returns the window after a frame with this gap.
func (p *pacing) adjusted(window int64, gap *pb.Gap, now int64) int64 {
	if gap.GetCause() != pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER {
		return window
	}
	if 2*p.busy < now-p.since {
		window = max(window, min(p.maxWindow, window+(window+1)/2))
	}
	p.since = now
	p.busy = 0
	return window
}

func max(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}
