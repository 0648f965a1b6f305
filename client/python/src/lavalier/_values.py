"""The values that streams and calls return. All are immutable and can be shared between threads."""
from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING, Any, FrozenSet, Iterable, List, Optional, Tuple

if TYPE_CHECKING:
    import numpy.typing

_BYTES_PER_VALUE = {"s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4}


@dataclasses.dataclass(frozen=True)
class Format:
    """A format of PCM audio. In a request, a rate or channel count of 0 means: as captured."""

    sample_rate: int
    """Samples per second and channel, in Hz."""
    channels: int
    encoding: str
    """s16le, s24le, s32le or f32le."""

    def __post_init__(self) -> None:
        numbers = (self.sample_rate, self.channels)
        if self.encoding not in _BYTES_PER_VALUE or not all(0 <= number < 2**31 for number in numbers):
            raise _malformed(str(self))

    @staticmethod
    def parse(text: str) -> Format:
        """Parses RATE/CHANNELS/ENCODING, such as 16000/1/f32le. Raises ValueError."""
        parts = text.split("/")
        if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
            raise _malformed(text)
        return Format(int(parts[0]), int(parts[1]), parts[2])

    @property
    def bytes_per_sample(self) -> int:
        """The size of one sample of all channels, in bytes."""
        return _BYTES_PER_VALUE[self.encoding] * self.channels

    def __str__(self) -> str:
        return f"{self.sample_rate}/{self.channels}/{self.encoding}"


def _malformed(text: str) -> ValueError:
    return ValueError(f"format: {text} (expected: RATE/CHANNELS/ENCODING, such as 16000/1/f32le; "
                      f"encodings {', '.join(_BYTES_PER_VALUE)})")


class Cause(str, enum.Enum):
    """Why samples are missing."""

    SLOW_SUBSCRIBER = "slow_subscriber"
    """This program did not read the frames in time."""
    DEVICE_OVERRUN = "device_overrun"
    """The device or its driver lost them while it was open."""
    DEVICE_LOST = "device_lost"
    """The device was lost and is available again."""
    NOT_KEPT = "not_kept"
    """The server no longer had the samples between the point of resumption and the first frame."""
    SERVER_OVERLOAD = "server_overload"
    """The server was too busy to read them from the device or to send them in time."""
    UPSTREAM = "upstream"
    """They were lost between the machine that captured them and the server."""
    UNKNOWN = "unknown"
    """A cause that a newer server reports and this library does not know."""


@dataclasses.dataclass(frozen=True)
class GapPart:
    """The samples of a gap that one cause removed."""

    sample_count: int
    """The number of missing samples per channel; more than 0."""
    cause: Cause
    estimated: bool
    """Whether the count was estimated, fully or partly, from timestamps."""


@dataclasses.dataclass(frozen=True)
class Gap:
    """A run of samples that this program did not receive."""

    parts: Tuple[GapPart, ...]
    """The samples that each cause removed: at least one part, one per cause."""

    @staticmethod
    def of(parts: Iterable[GapPart]) -> Gap:
        """Returns the gap of one or more parts, and adds up parts of the same cause."""
        sums: List[GapPart] = []
        for part in parts:
            at = next((k for k, each in enumerate(sums) if each.cause == part.cause), None)
            if at is None:
                sums.append(part)
            else:
                sums[at] = GapPart(sums[at].sample_count + part.sample_count, part.cause,
                                   sums[at].estimated or part.estimated)
        return Gap(tuple(sums))

    @property
    def sample_count(self) -> int:
        """The number of missing samples per channel; more than 0."""
        return sum(part.sample_count for part in self.parts)

    @property
    def cause(self) -> Cause:
        """The cause of the most samples."""
        return max(self.parts, key=lambda part: part.sample_count).cause

    @property
    def estimated(self) -> bool:
        """Whether the count was estimated, fully or partly, from timestamps."""
        return any(part.estimated for part in self.parts)


class NoticeKind(str, enum.Enum):
    """The subject of a notice."""

    DEVICE_LOST = "device_lost"
    SERVER_STOPPING = "server_stopping"
    MUTED = "muted"
    """The device has delivered only zeros for 5 s."""
    CLOCK = "clock"
    """The rate of the device's clock: see `Notice.clock_ppm`."""
    RECONNECTING = "reconnecting"
    """From this library: the connection is lost. Sent once per loss."""
    RECONNECTED = "reconnected"
    """From this library: the stream continues; the message says what is missing."""
    OTHER = "other"


@dataclasses.dataclass(frozen=True)
class Notice:
    """Information about a stream. The stream continues, unless it then raises an error."""

    kind: NoticeKind
    message: str
    """One sentence for people. Do not parse it."""
    clock_ppm: Optional[float] = None
    """The deviation of the device's clock in parts per million; only for CLOCK."""


@dataclasses.dataclass(frozen=True)
class StreamStart:
    """The parameters of an epoch, with every default filled in."""

    device_id: str
    epoch: int
    """The number of the epoch: the time of its opening in microseconds since 1970."""
    format: Format
    frame_size: int
    """Samples per channel in each frame."""
    capture_format: Format
    max_latency: float
    """The longest time that a frame can wait, in seconds."""
    preroll: float
    """The length of the audio from before the call, in seconds."""
    codec: str
    """pcm, opus or flac."""
    codec_config: bytes
    """What a decoder or a file needs before the first packet. Empty for pcm."""
    bitrate: int
    """Of opus, in bits per second; otherwise 0."""


class Frame:
    """`frame_size` samples of every channel."""

    __slots__ = ("_start", "pcm", "packet", "sample_index", "capture_time_unix_nanos", "read_delay_micros",
                 "read_time_steady_nanos", "gap")

    def __init__(self, start: StreamStart, pcm: bytes, packet: bytes, sample_index: int,
                 capture_time_unix_nanos: int, read_delay_micros: int, read_time_steady_nanos: int,
                 gap: Optional[Gap]) -> None:
        self._start = start
        self.pcm = pcm
        """The samples, interleaved and little-endian. Empty if the frame has a packet."""
        self.packet = packet
        """One packet of the codec, with `packets=True`. Otherwise empty."""
        self.sample_index = sample_index
        """The index of the first sample in its epoch, counted per channel from 0."""
        self.capture_time_unix_nanos = capture_time_unix_nanos
        """When the first sample was captured, by the server's clock, in nanoseconds since 1970."""
        self.read_delay_micros = read_delay_micros
        """The time from then until the server had read the whole frame, in microseconds."""
        self.read_time_steady_nanos = read_time_steady_nanos
        """When the server had read the whole frame, by a clock of the server that is never set."""
        self.gap = gap
        """The samples that are missing just before this frame; None: none is missing."""

    @property
    def time(self) -> float:
        """When the first sample was captured, by the server's clock, in seconds since 1970."""
        return self.capture_time_unix_nanos / 1e9

    @property
    def format(self) -> Format:
        return self._start.format

    @property
    def samples(self) -> "numpy.typing.NDArray[Any]":
        """The samples as a numpy array of shape (frame_size, channels).

        It is a view of `pcm` and read-only, of type int16, int32 or float32. Samples of s24le are copied to int32,
        with their values unchanged. Raises ValueError if the frame has a packet, and ImportError if numpy is not
        installed.
        """
        if self.packet:
            raise ValueError(f"samples: none (expected: a stream without packets=True; this frame has a packet of "
                             f"{self._start.codec})")
        try:
            import numpy
        except ImportError as e:
            raise ImportError("numpy: not installed (expected: the package numpy, for Frame.samples; Debian: "
                              "python3-numpy)") from e
        shape = (self._start.frame_size, self._start.format.channels)
        if self._start.format.encoding == "s24le":
            values = numpy.zeros((shape[0] * shape[1], 4), numpy.uint8)
            values[:, 1:] = numpy.frombuffer(self.pcm, numpy.uint8).reshape(-1, 3)
            return (values.view("<i4") >> 8).reshape(shape)
        types = {"s16le": "<i2", "s32le": "<i4", "f32le": "<f4"}
        return numpy.frombuffer(self.pcm, types[self._start.format.encoding]).reshape(shape)

    def __repr__(self) -> str:
        return f"Frame(sample_index={self.sample_index}, format={self.format}, gap={self.gap})"


class DeviceState(str, enum.Enum):
    """The state of a device."""

    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    LOST = "lost"
    CLOSING = "closing"
    NOT_RESPONDING = "not_responding"
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True)
class Device:
    """A source of audio that can be captured."""

    device_id: str
    """Identifies the device in requests. It remains the same after a restart of the server."""
    name: str
    vendor: str
    description: str
    is_default: bool
    state: DeviceState
    capture_format: Format
    subscriber_count: int
    node_id: str = ""
    """The node of a fleet that has the device. Empty: the machine of the server has it."""
    recorded: bool = False
    """Whether the operators of the fleet keep its audio on disks while it is open."""


@dataclasses.dataclass(frozen=True)
class ServerInfo:
    """What the server can do, and its limits for this caller."""

    version: str
    capabilities: FrozenSet[str]
    """Of history, steady_time, levels. Unknown ones of newer servers are left out."""
    codecs: Tuple[str, ...]
    max_latency: float
    """The longest queue of a stream, in seconds."""
    history: float
    """The length of the audio that the server keeps of each open device, in seconds; 0: none."""
    stall_limit: float
    """After this time the server ends a stream that is not read, in seconds."""
    time_unix_nanos: int
    """The time of the response by the server's clock."""


@dataclasses.dataclass(frozen=True)
class ChannelLevel:
    """The level of one channel in one interval, as a share of full scale: 1.0 is full scale, 0.0 is silence."""

    peak: float
    rms: float
    clipped_count: int
    """The number of values at full scale."""


@dataclasses.dataclass(frozen=True)
class Levels:
    """The levels of one interval."""

    channels: Tuple[ChannelLevel, ...]
    sample_index: int
    sample_count: int
    """Samples per channel that were measured; 1 or more."""
    lost_sample_count: int
    capture_time_unix_nanos: int
    gap: Optional[Gap]
    """The samples of whole intervals that are missing before this one; None: none is missing."""

    @property
    def time(self) -> float:
        """When the first sample was captured, by the server's clock, in seconds since 1970."""
        return self.capture_time_unix_nanos / 1e9
