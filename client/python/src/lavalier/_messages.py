"""Converts messages of the contract to values of the library."""
from __future__ import annotations

from typing import Optional, Type

import grpc

from . import _decoders, _errors, _values
from .v1 import audio_capture_pb2 as pb

_ERRORS: "dict[grpc.StatusCode, Type[_errors.Error]]" = {
    grpc.StatusCode.INVALID_ARGUMENT: _errors.InvalidRequestError,
    grpc.StatusCode.OUT_OF_RANGE: _errors.InvalidRequestError,
    grpc.StatusCode.NOT_FOUND: _errors.DeviceNotFoundError,
    grpc.StatusCode.FAILED_PRECONDITION: _errors.FormatNotAvailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: _errors.LimitReachedError,
    grpc.StatusCode.UNAVAILABLE: _errors.UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: _errors.UnavailableError,
    grpc.StatusCode.ABORTED: _errors.UnavailableError,
    grpc.StatusCode.CANCELLED: _errors.UnavailableError,
    grpc.StatusCode.UNAUTHENTICATED: _errors.NotAuthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: _errors.NotPermittedError,
    grpc.StatusCode.UNIMPLEMENTED: _errors.NotSupportedError,
}

_ENCODINGS = {
    pb.SAMPLE_ENCODING_S16LE: "s16le",
    pb.SAMPLE_ENCODING_S24LE: "s24le",
    pb.SAMPLE_ENCODING_S32LE: "s32le",
    pb.SAMPLE_ENCODING_F32LE: "f32le",
}
_ENCODING_NUMBERS = {name: number for number, name in _ENCODINGS.items()}

CODECS = {pb.CODEC_UNSPECIFIED: "pcm", pb.CODEC_PCM: "pcm", pb.CODEC_OPUS: "opus", pb.CODEC_FLAC: "flac"}

_CAPABILITIES = {
    pb.CAPABILITY_HISTORY: "history",
    pb.CAPABILITY_STEADY_TIME: "steady_time",
    pb.CAPABILITY_LEVELS: "levels",
}


def error(code: grpc.StatusCode, message: str) -> _errors.Error:
    """Returns the error for a status."""
    return _ERRORS.get(code, _errors.InternalError)(message)


def audio_format(message: pb.AudioFormat) -> _values.Format:
    if message.encoding not in _ENCODINGS:
        raise _errors.InternalError(
            f"format.encoding: {message.encoding} (expected: 1..4; the server is newer than this client)")
    return _values.Format(message.sample_rate_hz, message.channel_count, _ENCODINGS[message.encoding])


def audio_format_message(value: _values.Format) -> pb.AudioFormat:
    return pb.AudioFormat(encoding=_ENCODING_NUMBERS[value.encoding], sample_rate_hz=value.sample_rate,
                          channel_count=value.channels)


def start(message: pb.StreamStarted) -> _values.StreamStart:
    if message.codec not in CODECS:
        raise _errors.InternalError(f"codec: {message.codec} (expected: 0..3; the server is newer than this client)")
    return _values.StreamStart(
        message.device_id, message.epoch, audio_format(message.format), message.frame_size,
        audio_format(message.capture_format), message.max_latency_ms / 1e3, message.preroll_ms / 1e3,
        CODECS[message.codec], message.codec_config, message.bitrate)


def _cause(number: int) -> _values.Cause:
    try:
        return _values.Cause(pb.GapCause.Name(number).replace("GAP_CAUSE_", "").lower())
    except ValueError:
        return _values.Cause.UNKNOWN


def gap(message: pb.Gap) -> _values.Gap:
    return _values.Gap.of(_values.GapPart(part.sample_count, _cause(part.cause), part.estimated)
                          for part in (message.parts or [message]))


def notice(message: pb.StreamNotice) -> _values.Notice:
    try:
        kind = _values.NoticeKind(pb.NoticeKind.Name(message.kind).replace("NOTICE_KIND_", "").lower())
    except ValueError:
        kind = _values.NoticeKind.OTHER
    return _values.Notice(kind, message.message,
                          message.clock_ppm if kind == _values.NoticeKind.CLOCK else None)


def frame(started: _values.StreamStart, message: pb.AudioFrame, before: Optional[_values.Gap],
          decoder: Optional[_decoders.PacketDecoder]) -> _values.Frame:
    pcm, packet = message.pcm, message.packet
    if decoder is not None:
        pcm, packet = decoder.decode(packet), b""
    return _values.Frame(started, pcm, packet, message.sample_index, message.capture_time_unix_nanos,
                         message.read_delay_micros, message.read_time_steady_nanos, before)


def levels(message: pb.AudioLevels) -> _values.Levels:
    return _values.Levels(
        tuple(_values.ChannelLevel(each.peak, each.rms, each.clipped_count) for each in message.channels),
        message.sample_index, message.sample_count, message.lost_sample_count, message.capture_time_unix_nanos,
        gap(message.gap) if message.HasField("gap") else None)


def device(message: pb.Device) -> _values.Device:
    try:
        state = _values.DeviceState(pb.DeviceState.Name(message.state).replace("DEVICE_STATE_", "").lower())
    except ValueError:
        state = _values.DeviceState.UNKNOWN
    return _values.Device(message.device_id, message.name, message.vendor, message.description, message.is_default,
                          state, audio_format(message.capture_format), message.subscriber_count, message.node_id,
                          message.recorded)


def server_info(message: pb.GetServerInfoResponse) -> _values.ServerInfo:
    limits = message.limits
    return _values.ServerInfo(
        message.version,
        frozenset(_CAPABILITIES[each] for each in message.capabilities if each in _CAPABILITIES),
        tuple(CODECS[each] for each in message.codecs if each in CODECS) or ("pcm",),
        limits.max_latency_ms / 1e3, limits.history_ms / 1e3, limits.stall_limit_ms / 1e3,
        message.server_time_unix_nanos)
