"""The options of a stream."""
from __future__ import annotations

import dataclasses
import math
from typing import Any, Callable, Literal, Mapping, Sequence, Union

from . import _decoders, _messages
from ._values import Format, Notice
from .v1 import audio_capture_pb2 as pb

Overflow = Literal["drop_oldest", "close"]
OnDeviceLoss = Literal["fail", "wait"]
Codec = Literal["pcm", "opus", "flac"]
NoticeListener = Callable[[Notice], None]

_OVERFLOW = {"drop_oldest": pb.OVERFLOW_POLICY_DROP_OLDEST, "close": pb.OVERFLOW_POLICY_CLOSE}
_ON_DEVICE_LOSS = {"fail": pb.ON_DEVICE_LOSS_FAIL, "wait": pb.ON_DEVICE_LOSS_WAIT}
_CODECS = {"pcm": pb.CODEC_UNSPECIFIED, "opus": pb.CODEC_OPUS, "flac": pb.CODEC_FLAC}
_MAX_INT = 2**31 - 1


def _check(name: str, value: str, expected: "Mapping[str, object]") -> None:
    if value not in expected:
        raise ValueError(f"{name}: {value} (expected: {' or '.join(expected)})")


def on_device_loss(value: str) -> pb.OnDeviceLoss:
    """Returns the number of an action. Raises ValueError."""
    _check("on_device_loss", value, _ON_DEVICE_LOSS)
    return _ON_DEVICE_LOSS[value]


def millis(name: str, seconds: float) -> int:
    """Returns whole milliseconds; raises ValueError for what is no number of seconds."""
    if not 0 <= seconds <= _MAX_INT / 1e3:
        raise ValueError(f"{name}: {seconds} (expected: 0 to {_MAX_INT // 1000} seconds)")
    # A positive value does not become 0, which would request the default.
    return max(1, int(seconds * 1e3 + 1e-6)) if seconds > 0 else 0


@dataclasses.dataclass(frozen=True)
class StreamOptions:
    """The options of a stream, as described in `Client.stream`. Raises ValueError, and ImportError if the packets of the
    codec cannot be decoded; the server checks the rest."""

    device: str
    format: Union[Format, str, None]
    channel_map: Sequence[int]
    frame_size: int
    max_latency: float
    overflow: Overflow
    on_device_loss: OnDeviceLoss
    reconnect: float
    preroll: float
    codec: Codec
    bitrate: int
    packets: bool
    clock_notices: bool

    def __post_init__(self) -> None:
        _check("overflow", self.overflow, _OVERFLOW)
        _check("codec", self.codec, _CODECS)
        on_device_loss(self.on_device_loss)
        if math.isnan(self.reconnect) or self.reconnect < 0:
            raise ValueError(f"reconnect: {self.reconnect} (expected: 0 or more seconds)")
        for name, value in (("frame_size", self.frame_size), ("bitrate", self.bitrate),
                            *(("channel_map", each) for each in self.channel_map)):
            if not 0 <= value <= _MAX_INT:
                raise ValueError(f"{name}: {value} (expected: 0 to {_MAX_INT})")
        if not self.packets:
            _decoders.check(self.codec)
        self.request()

    def request(self, **changes: Any) -> pb.StreamFramesRequest:
        """Returns the first request. `changes` replace options."""
        options = dataclasses.replace(self, **changes) if changes else self
        return _request(options)


def _request(options: StreamOptions) -> pb.StreamFramesRequest:
    wanted = Format.parse(options.format) if isinstance(options.format, str) else options.format
    request = pb.StreamFramesRequest(
        device_id=options.device,
        frame_size=options.frame_size,
        format=_messages.audio_format_message(wanted) if wanted else None,
        max_latency_ms=millis("max_latency", options.max_latency),
        overflow_policy=_OVERFLOW[options.overflow],
        on_device_loss=_ON_DEVICE_LOSS[options.on_device_loss],
        clock_notices=options.clock_notices,
        channel_map=options.channel_map,
        codec=_CODECS[options.codec],
        bitrate=options.bitrate)
    preroll_ms = millis("preroll", options.preroll)
    if preroll_ms:
        request.preroll_ms = preroll_ms
    return request
