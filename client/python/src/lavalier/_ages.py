"""The age of frames, measured without trusting a wall clock. All times are in nanoseconds."""
from __future__ import annotations

from typing import Optional

from ._values import StreamStart
from .v1 import audio_capture_pb2 as pb

_DRIFT_DIVISOR = 1_000
_CLOCK_PAUSE_TIMEOUT = 5_000_000_000
_MIN_WALL_STEP = 10_000_000  # less is noise of the capture times
_MIN_SUSPENSION = 100_000_000
_ARRIVAL_JITTER = 50_000_000


class QueuingDelayFilter:
    """Rejects frames that have waited for longer than a limit since the server read them.

    The clocks of server and client need not agree. The base delay, the smallest difference between reading and
    arrival seen, contains their offset and the shortest transfer time. Clocks drift apart, so the base delay rises by
    a thousandth of the elapsed time. A steady clock stops while its machine is paused: if every frame has seemed
    expired for 5 s, the filter assumes such a pause and starts again.
    """

    def __init__(self, max_delay: int) -> None:
        self._max_delay = max_delay
        self._base_delay: Optional[int] = None
        self._base_delay_at = 0
        self._expired_since: Optional[int] = None

    def accept(self, read: int, arrived: int, now: int) -> bool:
        """Returns whether a frame has not expired. Call it in the order of arrival.

        read: when the server had read the frame, by its steady clock
        arrived, now: by this client's steady clock
        """
        delay = arrived - read
        if self._base_delay is None:
            self._base_delay = delay
        else:
            self._base_delay = min(delay, self._base_delay + (arrived - self._base_delay_at) // _DRIFT_DIVISOR)
        self._base_delay_at = arrived
        if now - read - self._base_delay <= self._max_delay:
            self._expired_since = None
            return True
        if self._expired_since is None:
            self._expired_since = now
        elif now - self._expired_since > _CLOCK_PAUSE_TIMEOUT:
            self._base_delay = None
            self._expired_since = None
        return False

    def on_time(self, read: int, otherwise: int) -> int:
        """Returns when a frame would have arrived after the shortest transfer time, by this client's clock."""
        return otherwise if self._base_delay is None else read + self._base_delay


class FrameAges:
    """Decides which frames of one connection have expired.

    If the server's wall clock has advanced by more than its steady clock, and no frame arrived for as long, the
    server's machine was suspended, and the difference is added. An older server sends only its wall clock: if that
    and the sample index disagree from one frame to the next, the clock was set, and the difference is removed.
    History that was requested does not expire. It ends at a sample index.
    """

    def __init__(self, max_latency: float) -> None:
        self._filter = QueuingDelayFilter(round(max_latency * 1e9))
        self._epoch: Optional[int] = None
        self._history_end = 0  # the index in the epoch
        self._history_end_at = 0  # when it was live, by this client's steady clock
        self._last_index = 0
        self._last_capture = 0
        self._last_offset: Optional[int] = None  # of the server's wall clock from its steady clock
        self._last_arrival = 0
        self._suspended = 0
        self._wall_steps = 0
        self.on_time = 0
        """When the last frame would have arrived after the shortest transfer time, had it been sent live."""

    def is_expired(self, start: StreamStart, frame: pb.AudioFrame, arrived: int, now: int) -> bool:
        """Returns whether a frame has expired. Call it in the order of arrival."""
        first_of_epoch = start.epoch != self._epoch
        if first_of_epoch:
            self._epoch = start.epoch
            self._history_end = frame.sample_index + round(start.preroll * start.format.sample_rate)
            self._history_end_at = arrived
        if frame.read_time_steady_nanos:
            self._follow_suspension(frame, arrived)
        elif not first_of_epoch:
            self._follow_wall_steps(start, frame)
        self._last_index = frame.sample_index
        self._last_capture = frame.capture_time_unix_nanos
        self._last_arrival = arrived
        if frame.sample_index < self._history_end:
            rest = self._history_end - frame.sample_index - start.frame_size
            self.on_time = self._history_end_at - _nanos(start, rest)
            return False
        read = self._read_time(frame)
        accepted = self._filter.accept(read, arrived, now)
        self.on_time = self._filter.on_time(read, arrived)
        return not accepted

    def _read_time(self, frame: pb.AudioFrame) -> int:
        if frame.read_time_steady_nanos:
            return frame.read_time_steady_nanos + self._suspended
        return _wall_read_time(frame) - self._wall_steps

    def _follow_suspension(self, frame: pb.AudioFrame, arrived: int) -> None:
        offset = _wall_read_time(frame) - frame.read_time_steady_nanos
        if self._last_offset is not None:
            advance = offset - self._last_offset
            if advance >= _MIN_SUSPENSION and arrived - self._last_arrival >= advance - _ARRIVAL_JITTER:
                self._suspended += advance
        self._last_offset = offset

    def _follow_wall_steps(self, start: StreamStart, frame: pb.AudioFrame) -> None:
        expected = self._last_capture + _nanos(start, frame.sample_index - self._last_index)
        step = frame.capture_time_unix_nanos - expected
        if abs(step) >= _MIN_WALL_STEP:
            self._wall_steps += step


def _nanos(start: StreamStart, samples: int) -> int:
    return round(samples * 1e9 / start.format.sample_rate)


def _wall_read_time(frame: pb.AudioFrame) -> int:
    return frame.capture_time_unix_nanos + frame.read_delay_micros * 1_000
