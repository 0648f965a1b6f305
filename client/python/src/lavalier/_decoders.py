"""Decodes packets to PCM with PyAV, which uses FFmpeg."""
from __future__ import annotations

import importlib
from typing import Any

from . import _errors
from ._values import StreamStart

# libopus returns all samples of each packet. FFmpeg's own decoder of Opus can return fewer.
_DECODERS = {"opus": "libopus", "flac": "flac"}
_MAX_CHANNELS = {"opus": 2, "flac": 8}
_ENCODINGS = {"opus": ("s16le",), "flac": ("s16le", "s24le")}
_SAMPLE_FORMATS = {"s16le": ("s16", 2), "s24le": ("s32", 4)}  # FFmpeg's, and its bytes
_OPUS_RATE = 48_000  # in Hz, of what FFmpeg returns for any packet of Opus


def check(codec: str) -> None:
    """Raises ImportError if packets of this codec cannot be decoded."""
    if codec != "pcm":
        _new_context(_library(codec), codec)


def _library(codec: str) -> Any:
    try:
        return importlib.import_module("av")
    except ImportError as e:
        raise ImportError(f"codec: {codec} (expected: the package av, which decodes it, or packets=True; Debian: "
                          "python3-av)") from e


def _new_context(av: Any, codec: str) -> Any:
    try:
        context = av.CodecContext.create(_DECODERS[codec], "r")
    except ValueError as e:
        raise ImportError(f"codec: {codec} (expected: PyAV with the decoder {_DECODERS[codec]}, or packets=True)") from e
    context.thread_count = 1  # several threads would return each packet later
    return context


class PacketDecoder:
    """Decodes the packets of one epoch, in order. Used by one thread at a time.

    It is not reset at a gap: an encoder that runs on predicts from what was before, and a decoder of Opus follows it
    after about 80 ms in both cases.
    """

    def __init__(self, start: StreamStart) -> None:
        """Raises `InternalError` if the codec does not have the format."""
        codec, audio, config = start.codec, start.format, start.codec_config
        self._factor = _OPUS_RATE // max(1, audio.sample_rate) if codec == "opus" else 1
        if (audio.encoding not in _ENCODINGS[codec] or not 1 <= audio.channels <= _MAX_CHANNELS[codec]
                or (codec == "opus" and self._factor * audio.sample_rate != _OPUS_RATE)):
            raise _errors.InternalError(
                f"format: {audio} with frame_size {start.frame_size} (expected: a format of {codec})")
        self._start = start
        self._av = _library(codec)
        self._context = _new_context(self._av, codec)
        if codec == "opus":
            # A file begins with samples that a player skips. A frame of a stream has all of its samples.
            self._context.extradata = config[:10] + bytes(2) + config[12:]
        else:
            self._context.extradata = config[8:]  # STREAMINFO, without `fLaC` and the header of the block
            self._context.options.update({"err_detect": "crccheck+explode"})

    def decode(self, packet: bytes) -> bytes:
        """Returns the samples of a packet in the format of the stream. Raises `InternalError` if it is none."""
        if not packet:  # would end the decoder
            raise self._malformed("0 bytes")
        try:
            frames = self._context.decode(self._av.Packet(packet))
        except self._av.error.FFmpegError as e:
            raise self._malformed(str(e).split("\n", 1)[0]) from e
        samples = sum(frame.samples for frame in frames)
        if len(frames) != 1 or samples != self._start.frame_size * self._factor:
            raise self._malformed(f"{samples / self._factor:g} samples")
        return self._pcm(frames[0])

    def _pcm(self, frame: Any) -> bytes:
        audio = self._start.format
        name, width = _SAMPLE_FORMATS[audio.encoding]
        if frame.format.name != name or len(frame.layout.channels) != audio.channels:
            raise self._malformed(f"{frame.format.name} of {frame.layout.name}")
        pcm = memoryview(bytes(frame.planes[0]))[:frame.samples * audio.channels * width]
        if audio.encoding == "s24le":  # in the upper bytes
            packed = bytearray(len(pcm) // 4 * 3)
            for byte in range(3):
                packed[byte::3] = pcm[byte + 1::4]
            return bytes(packed)
        if self._factor > 1:
            # As libopus does for a lower rate: the sound of the stream ends at half of its rate.
            return pcm.cast("h" if audio.channels == 1 else "i")[::self._factor].tobytes()
        return pcm.tobytes()

    def _malformed(self, reason: str) -> _errors.InternalError:
        return _errors.InternalError(f"packet: {reason} (expected: a packet of {self._start.codec})")
