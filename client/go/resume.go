package lavalier

import (
	"fmt"
	"math/rand"
	"time"

	"google.golang.org/protobuf/proto"

	pb "lavalier.dev/go/lavalierv1"
)

const (
	firstBackoff    = 250 * time.Millisecond
	maxBackoff      = 5 * time.Second
	queueDivisor    = 4   // if the server refuses a queue, the next request is for this part of it
	shortestQueueMs = 200 // the default of the server
)

// resume reconnects. It returns the reason if the stream has ended.
func (s *Stream) resume(reason *Error) *Error {
	for {
		rejected := s.lost && s.resumed && reason.Kind == InvalidRequest
		if !rejected && !s.retries(reason) {
			return reason
		}
		shorter := s.lost && s.canShortenQueue(reason)
		if !s.lost {
			s.begin(reason)
		}
		timeout := minAnswerTimeout
		if rest := s.reconnect - time.Duration(s.nanotime()-s.lostAt); !rejected {
			if rest <= 0 {
				return reason
			}
			if shorter {
				s.queueMs = s.queueLengthMs() / queueDivisor
			} else {
				s.queueMs = s.request.MaxLatencyMs
				if err := s.wait(s.ctx, s.backoff(rest)); err != nil {
					return failure(s.ctx, err)
				}
				s.resetWait()
			}
			if rest > answerTimeout {
				rest = answerTimeout
			}
			if rest > timeout {
				timeout = rest
			}
		}
		// The server rejects a resume point in the future, for example after its clock was set back.
		s.resumed = s.position.known && !rejected
		if reason = s.connect(s.resumeRequest(), timeout); reason == nil {
			return nil
		}
	}
}

func (s *Stream) begin(reason *Error) {
	s.lost = true
	s.lostAt = s.nanotime()
	s.attempts = 0
	event := "connection lost"
	s.missingCause = pb.GapCause_GAP_CAUSE_NOT_KEPT
	if reason.Kind == LimitReached {
		event = "the server ended the stream"
		s.missingCause = pb.GapCause_GAP_CAUSE_SLOW_SUBSCRIBER
	}
	s.notices(Notice{Message: fmt.Sprintf("%s, reconnecting for at most %s: %s", event, s.reconnect, reason)})
}

// retries returns whether the stream continues after an error. A running call is retried if the
// connection was lost, and if the server ended it although this client accepts lost frames: it was
// not read for too long. While disconnected, a busy server is retried, too.
func (s *Stream) retries(reason *Error) bool {
	if s.reconnect <= 0 || s.lossIsLast || !reason.retryable() {
		return false
	}
	served := s.ages != nil && s.request.OverflowPolicy != pb.OverflowPolicy_OVERFLOW_POLICY_CLOSE
	return reason.Kind != LimitReached || s.lost || served
}

// canShortenQueue returns whether the server may accept a shorter queue. Its status does not tell which
// limit is reached: it is that of the queue only if a shorter one is accepted.
func (s *Stream) canShortenQueue(reason *Error) bool {
	shortest := int64(2_000)*int64(s.started.FrameSize)/int64(s.started.Format.SampleRateHz) + 1
	return reason.Kind == LimitReached && int64(s.queueLengthMs()/queueDivisor) >= max(shortestQueueMs, shortest)
}

func (s *Stream) queueLengthMs() int32 {
	if s.queueMs == 0 {
		return s.started.MaxLatencyMs
	}
	return s.queueMs
}

// backoff returns the time until the next attempt. Jitter spreads the clients of a server.
func (s *Stream) backoff(rest time.Duration) time.Duration {
	backoff := maxBackoff
	if s.attempts < 5 && firstBackoff<<s.attempts < maxBackoff {
		backoff = firstBackoff << s.attempts
	}
	s.attempts++
	backoff -= time.Duration(rand.Float64() / 4 * float64(backoff))
	if backoff > rest {
		return rest
	}
	return backoff
}

// resumeRequest asks for the parameters of the current epoch, even if the server's defaults have
// changed.
func (s *Stream) resumeRequest() *pb.StreamFramesRequest {
	request := proto.Clone(s.request).(*pb.StreamFramesRequest)
	request.DeviceId = s.started.DeviceId
	request.FrameSize = s.started.FrameSize
	request.Format = s.started.Format
	request.MaxLatencyMs = s.queueMs
	if s.position.known {
		request.Start = nil // pre-roll is only for the first connection
	}
	if s.resumed {
		request.Start = &pb.StreamFramesRequest_Resume{Resume: s.position.resumePoint()}
	}
	return request
}

func (s *Stream) notifyReconnected(now int64, gap *pb.Gap) {
	missing := "no samples are missing"
	if gap != nil {
		estimated := ""
		if gap.Estimated {
			estimated = ", estimated"
		}
		seconds := float64(gap.SampleCount) / float64(s.started.Format.SampleRateHz)
		missing = fmt.Sprintf("%d samples (%.3f s%s) are missing", gap.SampleCount, seconds, estimated)
	}
	shorter := ""
	if s.queueMs != s.request.MaxLatencyMs {
		shorter = fmt.Sprintf("; the server refused a longer queue than %.1f s", float64(s.started.MaxLatencyMs)/1_000)
	}
	s.notices(Notice{Message: fmt.Sprintf("reconnected after %.1f s, %s%s",
		float64(now-s.lostAt)/nanosPerSecond, missing, shorter)})
}
