"""A driver of a `Session` that has no threads and no connection: messages and time come from the test."""
import grpc

from lavalier import _messages
from lavalier._endpoint import Endpoint
from lavalier._options import StreamOptions
from lavalier._session import Arrival, Connect, Grant, Receive, Session, Wait
from lavalier._values import Frame, Notice
from lavalier.v1 import audio_capture_pb2 as pb

RATE = 16_000
SIZE = 320  # 20 ms
LENGTH = SIZE * 1_000_000_000 // RATE
SECOND = 1_000_000_000
EPOCH = 1_700_000_000_000_000
WALL_START = 1_700_000_000 * SECOND  # the server's wall clock at sample 0
STEADY_START = 77 * SECOND  # the server's steady clock at sample 0
TRANSFER = 3_000_000

DEFAULTS = dict(device="mic", format=None, channel_map=(), frame_size=0, max_latency=0.0, overflow="drop_oldest",
                on_device_loss="fail", reconnect=300.0, preroll=0.0, codec="pcm", bitrate=0, packets=False,
                clock_notices=False)


def options(**changes):
    return StreamOptions(**{**DEFAULTS, **changes})


def started(epoch=EPOCH, max_latency_ms=200, preroll_ms=0, frame_size=SIZE):
    audio = pb.AudioFormat(encoding=pb.SAMPLE_ENCODING_S16LE, sample_rate_hz=RATE, channel_count=1)
    return pb.StreamFramesResponse(started=pb.StreamStarted(
        device_id="mic", epoch=epoch, format=audio, frame_size=frame_size, capture_format=audio,
        max_latency_ms=max_latency_ms, preroll_ms=preroll_ms, codec=pb.CODEC_PCM))


def frame(number, missing=0, cause=pb.GAP_CAUSE_SLOW_SUBSCRIBER, wall=WALL_START, steady=STEADY_START,
          estimated=False):
    """Returns the frame of this number in its epoch. The clocks show `wall` and `steady` at sample 0."""
    message = pb.AudioFrame(pcm=b"\1\2" * SIZE, sample_index=number * SIZE,
                            capture_time_unix_nanos=wall + number * LENGTH, read_delay_micros=LENGTH // 1_000)
    if steady is not None:
        message.read_time_steady_nanos = steady + (number + 1) * LENGTH
    if missing:
        message.gap.CopyFrom(pb.Gap(sample_count=missing, cause=cause, estimated=estimated))
    return pb.StreamFramesResponse(frame=message)


def notice(kind):
    return pb.StreamFramesResponse(notice=pb.StreamNotice(kind=kind, message="a sentence"))


def failure(code, message="a reason"):
    return _messages.error(code, message)


UNAVAILABLE = failure(grpc.StatusCode.UNAVAILABLE)


class Script:
    """Runs the steps of a session. The clock shows 0 at sample 0; waits advance it."""

    def __init__(self, **changes):
        self.now = 0
        self.requests = []  # of each connection
        self.grants = []
        self.waits = []
        self.notices = []
        self.session = Session(options(**changes), Endpoint("127.0.0.1:50051", False, None, None, None, None),
                               clock=lambda: self.now, random=lambda: 1.0)

    def run(self, *results):
        """Runs until there is a frame, or nothing is left to receive. Returns the frame or None."""
        waiting = list(results)
        while True:
            step = self.session.step()
            result = None
            if isinstance(step, Receive):
                if not waiting:
                    return None
                result = waiting.pop(0)
                if isinstance(result, pb.StreamFramesResponse):
                    result = Arrival(result, self.now)
            elif isinstance(step, Connect):
                self.requests.append(step.request)
            elif isinstance(step, Grant):
                self.grants.append(step.request.credit)
            elif isinstance(step, Wait):
                self.waits.append(step.until - self.now)
                self.now = step.until
            elif isinstance(step, Notice):
                self.notices.append(step)
            self.session.done(result)
            if isinstance(step, Frame):
                assert not waiting
                return step

    def live(self, number, **fields):
        """Receives a frame as soon as the server can have sent it, and returns what the reader gets."""
        self.now = max(self.now, (number + 1) * LENGTH + TRANSFER)
        return self.run(frame(number, **fields))
