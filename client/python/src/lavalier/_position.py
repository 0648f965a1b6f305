"""The position of a stream, and the gap when it resumes on another connection."""
from __future__ import annotations

from typing import List, Optional

from ._values import Cause, Gap, GapPart, StreamStart
from .v1 import audio_capture_pb2 as pb

_MARGIN_NANOS = 250_000_000  # how much later than usual the first frame of a connection can arrive


class StreamPosition:
    """Within an epoch, the gap is the difference of sample indexes. Between epochs, it is the difference of capture
    times, by the server's wall clock. If that contradicts the time that passed by this client's steady clock, the
    passed time counts instead: the server's clock was set.
    """

    def __init__(self) -> None:
        self.resume_point: Optional[pb.ResumePoint] = None
        """The point to resume from; None before the first frame."""
        self._next_unix = 0  # when the next sample was captured, by the server's wall clock
        self._next_steady = 0  # the same, by this client's steady clock; later by the transfer time

    def advance(self, start: StreamStart, frame: pb.AudioFrame, on_time: int) -> None:
        """Moves the position to the end of a frame.

        on_time: when it would have arrived after the shortest transfer time, by this client's steady clock
        """
        self.resume_point = pb.ResumePoint(epoch=start.epoch, sample_index=frame.sample_index + start.frame_size)
        length = round(start.frame_size * 1e9 / start.format.sample_rate)
        self._next_unix = frame.capture_time_unix_nanos + length
        self._next_steady = on_time - frame.read_delay_micros * 1_000 + length

    def gap_before(self, start: StreamStart, frame: pb.AudioFrame, reported: Optional[Gap], on_time: int,
                   cause: Cause) -> Optional[Gap]:
        """Returns the gap between this position and the first frame of another connection.

        reported: the gap that the frame itself reports
        cause: why samples are missing for which the server reports no other cause
        """
        if self.resume_point is None:
            return reported
        if start.epoch == self.resume_point.epoch:
            return _gap(frame.sample_index - self.resume_point.sample_index, reported, False, cause)
        passed = on_time - frame.read_delay_micros * 1_000 - self._next_steady
        nanos = frame.capture_time_unix_nanos - self._next_unix
        if abs(nanos - passed) > _MARGIN_NANOS:
            nanos = passed
        return _gap(round(nanos / 1e9 * start.format.sample_rate), reported, True, cause)


def _gap(missing: int, reported: Optional[Gap], estimated: bool, rest_cause: Cause) -> Optional[Gap]:
    """Returns a gap of `missing` samples. Those for which the server reports another cause than that it did not keep
    them have that cause; the others have `rest_cause`."""
    if missing <= 0:
        return None
    parts: List[GapPart] = []
    rest = missing
    for part in reported.parts if reported else ():
        if part.cause == Cause.NOT_KEPT:
            estimated = estimated or part.estimated
        elif rest > 0:
            count = min(rest, part.sample_count)
            parts.append(GapPart(count, part.cause, part.estimated))
            rest -= count
    if rest > 0:
        parts.append(GapPart(rest, rest_cause, estimated))
    return Gap.of(parts)
