"""The waits of a stream that connects again, and its time limit. All times are in nanoseconds."""
from __future__ import annotations

import math
from typing import Callable, Union

_INITIAL = 250_000_000
_LONGEST = 5_000_000_000
_MIN_JITTER_FACTOR = 0.75
_MIN_ANSWER_TIMEOUT = 1_000_000_000  # the last attempt has this much time


class Backoff:
    """The first wait is 0.25 s. Then the waits double, up to 5 s. Random jitter shortens each by up to a quarter, so
    that the clients of a server do not all reconnect at once."""

    def __init__(self, limit_seconds: float, clock: Callable[[], int], random: Callable[[], float]) -> None:
        self.limit_seconds = limit_seconds
        self._limit: Union[int, float] = limit_seconds * 1e9
        self._clock = clock
        self._random = random
        self._began = 0
        self._attempts = 0
        self.active = False
        """Whether the connection was lost, and `end` was not called since."""

    @property
    def enabled(self) -> bool:
        return self._limit > 0

    def begin(self) -> None:
        """Starts the time limit because the connection was lost."""
        self.active = True
        self._began = self._clock()
        self._attempts = 0

    def end(self) -> float:
        """Reports that the connection works again. Returns the time since it was lost, in seconds."""
        self.active = False
        return (self._clock() - self._began) / 1e9

    def has_time(self) -> bool:
        return self._remaining() > 0

    def _remaining(self) -> Union[int, float]:
        return self._limit - (self._clock() - self._began)

    def attempt_deadline(self, answer_timeout: int) -> int:
        """Returns until when the next attempt can take, which is at most `answer_timeout` from now."""
        return self._clock() + int(max(_MIN_ANSWER_TIMEOUT, min(answer_timeout, self._remaining())))

    def next_attempt(self) -> int:
        """Returns when to try again."""
        wait = min(_LONGEST, _INITIAL << min(self._attempts, 10))
        self._attempts += 1
        wait = round(wait * (_MIN_JITTER_FACTOR + (1 - _MIN_JITTER_FACTOR) * self._random()))
        return self._clock() + int(min(wait, self._remaining()))

    def time_text(self) -> str:
        return "" if math.isinf(self._limit) else f" for at most {int(self.limit_seconds)} s"
