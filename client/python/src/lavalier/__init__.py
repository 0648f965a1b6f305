"""Streams microphones from a Lavalier server.

`connect` returns a client that blocks; `lavalier.aio.connect` returns one for asyncio.
"""
from . import aio
from ._client import Client, FrameStream, LevelStream, connect
from ._errors import (CancelledError, DeviceNotFoundError, Error, FormatNotAvailableError, InternalError,
                      InvalidRequestError, LimitReachedError, NotAuthenticatedError, NotPermittedError,
                      NotSupportedError, TlsFailedError, UnavailableError)
from ._input import AudioInput
from ._values import (Cause, ChannelLevel, Device, DeviceState, Format, Frame, Gap, GapPart, Levels, Notice,
                      NoticeKind, ServerInfo, StreamStart)

__all__ = [
    "AudioInput", "CancelledError", "Cause", "ChannelLevel", "Client", "Device", "DeviceNotFoundError", "DeviceState",
    "Error", "Format", "FormatNotAvailableError", "Frame", "FrameStream", "Gap", "GapPart", "InternalError",
    "InvalidRequestError", "LevelStream", "Levels", "LimitReachedError", "NotAuthenticatedError", "NotPermittedError",
    "NotSupportedError", "Notice", "NoticeKind", "ServerInfo", "StreamStart", "TlsFailedError", "UnavailableError",
    "aio", "connect",
]
