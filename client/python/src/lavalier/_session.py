"""One stream, across any number of connections, without any input or output.

A session says what to do next, and a driver does it: `lavalier.FrameStream` with threads, `lavalier.aio.FrameStream`
with asyncio. A step remains the next one until the driver has reported that it is done, so a driver can be interrupted
at any step. All times are in nanoseconds of a steady clock.
"""
from __future__ import annotations

import dataclasses
import math
import random as random_module
import time
from typing import Callable, Generator, Optional, Union

from . import _errors, _messages
from ._ages import FrameAges
from ._backoff import Backoff
from ._decoders import PacketDecoder
from ._endpoint import Endpoint
from ._options import StreamOptions
from ._position import StreamPosition
from ._values import Cause, Frame, Gap, GapPart, Notice, NoticeKind, StreamStart
from .v1 import audio_capture_pb2 as pb

ANSWER_TIMEOUT = 20_000_000_000
"""How long the server can take to answer. It needs up to 13 s: it closes a device that was just in use within 3 s and
opens it within 10 s, or rejects the call."""

_QUEUE_DIVISOR = 4  # if the server refuses a queue, the next request is for this part of it
_SHORTEST_QUEUE = 0.2  # in seconds: the server's default
_LONGEST_CREDIT = 1.0  # in seconds: more than any round trip
_SMALLEST_CREDIT = 2  # frames: one is read while the next one is in transit


@dataclasses.dataclass(frozen=True)
class Connect:
    """End the call, if there is one, and start another with this request. Do not wait."""

    request: pb.PullFramesRequest


@dataclasses.dataclass(frozen=True)
class Grant:
    """Send this request. Do not wait."""

    request: pb.PullFramesRequest


@dataclasses.dataclass(frozen=True)
class Receive:
    """Wait for the next message. The result is an `Arrival`, None at the deadline, or the `Error` that ended the
    call."""

    deadline: Optional[int]


@dataclasses.dataclass(frozen=True)
class Wait:
    """Wait until this time."""

    until: int


class Started:
    """The server has opened the device."""


@dataclasses.dataclass(frozen=True)
class Arrival:
    message: pb.StreamFramesResponse
    at: int


Step = Union[Connect, Grant, Receive, Wait, Started, Notice, Frame]
"""A Notice is for the listener, a Frame for the reader."""

Result = Union[Arrival, _errors.Error, None]

Steps = Generator[Step, Optional[Arrival], None]


class Session:
    """The state of a stream.

    Credit: when the reader asks for a frame, the session grants credit up to a window. The window covers a round trip
    of half of the queue's length, and of at most 1 s. While the reader works, no credit is granted, so the server
    keeps at most one window of frames in transit and drops what expires in its queue. A frame that expired in transit
    is dropped here, and counted in the gap of the next frame.
    """

    def __init__(self, options: StreamOptions, endpoint: Endpoint, clock: Callable[[], int] = time.monotonic_ns,
                 random: Callable[[], float] = random_module.random) -> None:
        self._options = options
        self._endpoint = endpoint
        self._clock = clock
        self._backoff = Backoff(options.reconnect, clock, random)
        self._position = StreamPosition()
        self._ages: Optional[FrameAges] = None  # of this connection; None before its first frame
        self._credit = 0  # granted, and not used yet
        self._asked = 0  # when the last call began
        self._deadline: Optional[int] = None  # of its first answer; None: it came
        self._device_loss_ends_call = False
        self._missing_cause = Cause.NOT_KEPT  # of what is missing when the stream resumes
        self._resume_requested = False  # by the last request
        self._queue = options.max_latency  # of the last request, in seconds
        self._decoder: Optional[PacketDecoder] = None  # of this epoch; None: the frames are not decoded
        self._dropped: Optional[Gap] = None  # here, since the last frame that the reader got
        self.start: Optional[StreamStart] = None
        """The parameters of the current epoch; None before the first one."""
        self.stale_frames = 0
        """The number of frames that expired in transit."""
        self._steps = self._run()
        self._step: Optional[Step] = None
        self._result: Result = None
        self._end: Optional[_errors.Error] = None

    def step(self) -> Step:
        """Returns what to do next. Raises the `Error` that ended the stream."""
        if self._end is not None:
            raise self._end
        if self._step is None:
            result, self._result = self._result, None
            try:
                if isinstance(result, _errors.Error):
                    self._step = self._steps.throw(result)
                else:
                    self._step = self._steps.send(result)
            except _errors.Error as end:
                self._end = end
                raise
        return self._step

    def done(self, result: Result = None) -> None:
        """Reports that the step is done, with the result of a `Receive` or the error of a `Connect`."""
        self._step = None
        self._result = result

    def _run(self) -> Steps:
        self._ask(self._clock() + ANSWER_TIMEOUT)
        yield Connect(pb.PullFramesRequest(subscribe=self._options.request()))
        while self.start is None:
            message = (yield from self._receive()).message
            yield from self._control(message)
        yield Started()
        while True:
            try:
                window = self._window()
                if self._credit < window:
                    yield Grant(pb.PullFramesRequest(credit=window - self._credit))
                    self._credit = window
                arrival = yield from self._receive()
                if arrival.message.WhichOneof("message") != "frame":
                    yield from self._control(arrival.message)
                    continue
            except _errors.Error as reason:
                yield from self._reconnect(reason)
                continue
            self._credit -= 1
            yield from self._frame(arrival.message.frame, arrival.at)

    def _receive(self) -> Generator[Step, Optional[Arrival], Arrival]:
        arrival = yield Receive(self._deadline)
        if arrival is None:
            raise self._endpoint.silence((self._clock() - self._asked) / 1e9)
        self._deadline = None
        return arrival

    def _ask(self, deadline: int) -> None:
        self._asked = self._clock()
        self._deadline = deadline

    def _control(self, message: pb.StreamFramesResponse) -> Steps:
        case = message.WhichOneof("message")
        if case == "started":
            self.start = _messages.start(message.started)
            decodes = self.start.codec != "pcm" and not self._options.packets
            self._decoder = PacketDecoder(self.start) if decodes else None
        elif case == "notice":
            notice = _messages.notice(message.notice)
            if notice.kind == NoticeKind.DEVICE_LOST and self._options.on_device_loss == "fail":
                self._device_loss_ends_call = True
            yield notice

    def _frame(self, message: pb.AudioFrame, arrived: int) -> Steps:
        start = self._started()
        if self._ages is None:
            self._ages = FrameAges(start.max_latency)
        expired = self._ages.is_expired(start, message, arrived, self._clock())
        gap = _messages.gap(message.gap) if message.HasField("gap") else None
        if self._backoff.active:
            gap = self._position.gap_before(start, message, gap, self._ages.on_time, self._missing_cause)
            yield self._reconnected(self._backoff.end(), gap)
        self._position.advance(start, message, self._ages.on_time)
        gap = _sum(self._dropped, gap)
        if not expired:
            self._dropped = None
            yield _messages.frame(start, message, gap, self._decoder)
            return
        self.stale_frames += 1
        self._dropped = _sum(gap, Gap((GapPart(start.frame_size, Cause.SLOW_SUBSCRIBER, False),)))
        if self._options.overflow == "close":
            raise _errors.LimitReachedError(
                f"max_latency: {start.max_latency} (expected: frames read in time; they exceeded it in transit)")

    def _reconnect(self, reason: _errors.Error) -> Steps:
        """Waits and connects again. Raises the reason, if it does not permit a retry or the time is over."""
        if self._backoff.active and self._resume_requested and isinstance(reason, _errors.InvalidRequestError):
            # The server rejects the resume point, for example after its clock was set back.
            yield self._connect(None)
            return
        if not self._is_retryable(reason):
            raise reason
        if self._backoff.active and self._can_shorten_queue(reason):
            self._queue = self._queue_length() / _QUEUE_DIVISOR
            yield self._connect(self._position.resume_point)
            return
        self._queue = self._options.max_latency
        if not self._backoff.active:
            self._backoff.begin()
            stalled = isinstance(reason, _errors.LimitReachedError)
            self._missing_cause = Cause.SLOW_SUBSCRIBER if stalled else Cause.NOT_KEPT
            event = "the server ended the stream" if stalled else "connection lost"
            yield Notice(NoticeKind.RECONNECTING, f"{event}, reconnecting{self._backoff.time_text()}: {reason}")
        if not self._backoff.has_time():
            raise reason
        yield Wait(self._backoff.next_attempt())
        yield self._connect(self._position.resume_point)

    def _is_retryable(self, reason: _errors.Error) -> bool:
        """A running stream is retried if the connection was lost, and if the server ended it although this client
        accepts lost frames: it was not read for too long. While disconnected, all retryable failures are retried,
        such as a busy server."""
        if not self._backoff.enabled or self._device_loss_ends_call or not reason.retryable:
            return False
        return (not isinstance(reason, _errors.LimitReachedError) or self._backoff.active
                or (self._ages is not None and self._options.overflow == "drop_oldest"))

    def _can_shorten_queue(self, reason: _errors.Error) -> bool:
        """The server's status does not tell which limit is reached: the queue is only if a shorter one is accepted."""
        start = self._started()
        shortest = max(_SHORTEST_QUEUE, 2 * start.frame_size / start.format.sample_rate)
        return (isinstance(reason, _errors.LimitReachedError) and self._queue_length() / _QUEUE_DIVISOR >= shortest
                and self._backoff.has_time())

    def _queue_length(self) -> float:
        return self._queue or self._started().max_latency

    def _connect(self, resume: Optional[pb.ResumePoint]) -> Connect:
        """Requests the parameters of the current epoch, even if the server's defaults have changed."""
        start = self._started()
        request = self._options.request(device=start.device_id, frame_size=start.frame_size, format=start.format,
                                        max_latency=self._queue)
        if resume is not None:
            request.resume.CopyFrom(resume)
        elif self._position.resume_point is not None:
            request.ClearField("start")  # pre-roll is only for the first connection
        self._resume_requested = resume is not None
        self._ages = None
        self._ask(self._backoff.attempt_deadline(ANSWER_TIMEOUT))
        self._credit = self._window()
        return Connect(pb.PullFramesRequest(subscribe=request, credit=self._credit))

    def _window(self) -> int:
        start = self._started()
        seconds = min(start.max_latency / 2, _LONGEST_CREDIT)
        return max(_SMALLEST_CREDIT, math.ceil(seconds * start.format.sample_rate / start.frame_size))

    def _started(self) -> StreamStart:
        assert self.start is not None
        return self.start

    def _reconnected(self, outage: float, gap: Optional[Gap]) -> Notice:
        start = self._started()
        missing = "no samples are missing"
        if gap is not None:
            estimated = ", estimated" if gap.estimated else ""
            missing = (f"{gap.sample_count} samples ({gap.sample_count / start.format.sample_rate:.3f} s{estimated}) "
                       "are missing")
        shorter = ""
        if self._queue != self._options.max_latency:
            shorter = f"; the server refused a longer queue than {start.max_latency:.1f} s"
        return Notice(NoticeKind.RECONNECTED, f"reconnected after {outage:.1f} s, {missing}{shorter}")


def _sum(before: Optional[Gap], after: Optional[Gap]) -> Optional[Gap]:
    """Adds two adjacent gaps."""
    if before is None or after is None:
        return before or after
    return Gap.of(before.parts + after.parts)
