"""An audio input for programs that expect one with `open`, `frames` and `aclose`."""
from __future__ import annotations

import enum
from typing import Any, AsyncGenerator

from . import _errors, aio
from ._values import Format

_SAMPLE_TYPES = {"s16le": "INT16", "f32le": "FLOAT32"}


class _Endianness(enum.Enum):
    LITTLE = 0
    BIG = 1


class _SampleType(enum.Enum):
    FLOAT32 = 0
    INT16 = 1


class PcmFormat:
    """The format of an `AudioInput`."""

    Endianness = _Endianness
    SampleType = _SampleType

    def __init__(self, endianness: _Endianness, sample_type: _SampleType, sample_rate: int, channels: int) -> None:
        self.endianness = endianness
        self.sample_type = sample_type
        self.sample_rate = sample_rate
        self.channels = channels

    @property
    def bytes_per_sample(self) -> int:
        """The size of one value."""
        return 2 if self.sample_type == _SampleType.INT16 else 4


class AudioInput:
    """A microphone of a Lavalier server, with the interface of the audio inputs of google/bumble.

    `open` returns the format, and `frames(frame_size)` yields bytes, until `aclose`. The microphone is off until the
    first frame is requested. Frames that expire are skipped, so a caller that was held up never gets old audio;
    `missed_samples` counts them. The stream waits for a device that is lost.
    """

    def __init__(self, server: str, device: str = "", format: str = "48000/1/s16le", *, pcm_format: Any = PcmFormat,
                 **options: Any) -> None:
        """Raises ValueError for a malformed value.

        format: RATE/CHANNELS/ENCODING, with the encoding s16le or f32le
        pcm_format: the class that `open` returns an instance of, such as bumble.audio.io.PcmFormat
        options: those of `lavalier.connect`
        """
        self._client = aio.connect(server, **options)
        self._device = device
        self._format = Format.parse(format)
        if self._format.encoding not in _SAMPLE_TYPES or 0 in (self._format.sample_rate, self._format.channels):
            raise ValueError(f"format: {format} (expected: RATE/CHANNELS/ENCODING, such as 48000/1/s16le; "
                             "encodings s16le, f32le)")
        self._pcm_format = pcm_format
        self._closed = False
        self.missed_samples = 0
        """The number of samples per channel that were skipped."""

    async def open(self) -> Any:
        """Returns the format. Raises `Error` if the server cannot be reached, or does not have the device."""
        devices = await self._client.devices()
        if self._device and self._device not in [each.device_id for each in devices]:
            listed = ", ".join(each.device_id for each in devices)
            raise _errors.DeviceNotFoundError(f"device_id: {self._device} (expected: one of {listed})")
        sample_type = self._pcm_format.SampleType[_SAMPLE_TYPES[self._format.encoding]]
        return self._pcm_format(self._pcm_format.Endianness.LITTLE, sample_type, self._format.sample_rate,
                                self._format.channels)

    async def frames(self, frame_size: int) -> AsyncGenerator[bytes, None]:
        """Yields the samples of each frame, until the input is closed. Raises `Error`."""
        if self._closed:
            return
        async with self._client.stream(self._device, format=self._format, frame_size=frame_size,
                                       on_device_loss="wait") as stream:
            async for frame in stream:
                if frame.gap is not None:
                    self.missed_samples += frame.gap.sample_count
                yield frame.pcm

    async def aclose(self) -> None:
        """Switches the microphone off. A loop over `frames` ends."""
        self._closed = True
        await self._client.close()
