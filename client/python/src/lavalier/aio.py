"""The client for asyncio. It has the same options, values and rules as the blocking one."""
from __future__ import annotations

import asyncio
import contextlib
import time
from types import TracebackType
from typing import Any, AsyncIterator, Callable, List, Optional, Sequence, Set, Type, TypeVar, Union

import grpc
import grpc.aio

from . import _errors, _messages, _options
from ._endpoint import CALL_TIMEOUT, Endpoint, Token
from ._session import ANSWER_TIMEOUT, Arrival, Connect, Grant, Receive, Result, Session, Started, Wait
from ._values import Device, Format, Frame, Levels, Notice, ServerInfo, StreamStart
from .v1 import audio_capture_pb2 as pb
from .v1 import audio_capture_pb2_grpc as rpc

__all__ = ["Client", "FrameStream", "LevelStream", "connect"]

_T = TypeVar("_T", Started, Frame)
_CLOSED = _errors.CancelledError("stream: closed (expected: an open stream)")


def connect(server: str, *, tls: bool = False, ca: Optional[str] = None, cert: Optional[str] = None,
            key: Optional[str] = None, token: Token = None) -> Client:
    """Returns a client of a server, as `lavalier.connect` does. It connects when it is used."""
    return Client(Endpoint(server, tls, ca, cert, key, token))


def _open_channel(endpoint: Endpoint) -> grpc.aio.Channel:
    target, credentials, options = endpoint.channel_arguments()
    if credentials is None:
        return grpc.aio.insecure_channel(target, options)
    return grpc.aio.secure_channel(target, credentials, options)


def _stub(channel: grpc.aio.Channel) -> Any:
    return rpc.AudioCaptureStub(channel)  # type: ignore[no-untyped-call]


class Client:
    """One server. Use it from one event loop. Closing it ends the streams that it opened; `async with` closes it.

    Methods raise `Error`, or RuntimeError after `close`.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Use `connect`."""
        self._endpoint = endpoint
        self._channel: Optional[grpc.aio.Channel] = None
        self._streams: Set[Union[FrameStream, LevelStream]] = set()  # not closed yet

    async def devices(self) -> List[Device]:
        """Returns the devices that can be captured now. Waits at most 10 s."""
        response = await self._request("ListDevices", pb.ListDevicesRequest())
        return [_messages.device(each) for each in response.devices]

    async def info(self) -> ServerInfo:
        """Returns what the server can do. Waits at most 10 s."""
        return _messages.server_info(await self._request("GetServerInfo", pb.GetServerInfoRequest()))

    async def _request(self, method: str, request: Any) -> Any:
        self._endpoint.check_open()
        if self._channel is None:
            self._channel = _open_channel(self._endpoint)
        call = getattr(_stub(self._channel), method)
        try:
            return await call(request, timeout=CALL_TIMEOUT, metadata=self._endpoint.metadata())
        except grpc.RpcError as e:
            raise self._endpoint.error(e) from None

    def stream(self, device: str = "", *, format: Union[Format, str, None] = None, channel_map: Sequence[int] = (),
               frame_size: int = 0, max_latency: float = 0, overflow: _options.Overflow = "drop_oldest",
               on_device_loss: _options.OnDeviceLoss = "fail", reconnect: float = 300, preroll: float = 0,
               codec: _options.Codec = "pcm", bitrate: int = 0, packets: bool = False, clock_notices: bool = False,
               on_notice: Optional[_options.NoticeListener] = None) -> FrameStream:
        """Returns a stream of frames, which opens when it is entered or read first.

        `lavalier.Client.stream` describes the options and what it raises.
        """
        options = _options.StreamOptions(device, format, tuple(channel_map), frame_size, max_latency, overflow,
                                         on_device_loss, reconnect, preroll, codec, bitrate, packets,
                                         clock_notices)
        self._endpoint.check_open()
        stream = FrameStream(self._endpoint, options, on_notice, self._streams.discard)
        self._streams.add(stream)
        return stream

    def levels(self, device: str = "", *, interval: float = 0.1,
               on_device_loss: _options.OnDeviceLoss = "fail") -> LevelStream:
        """Returns the levels of each channel of a device, without audio, which begin when they are read first.

        interval: the length of an interval in seconds, 0.02 to 10
        """
        self._endpoint.check_open()
        request = pb.StreamLevelsRequest(device_id=device, interval_ms=_options.millis("interval", interval),
                                         on_device_loss=_options.on_device_loss(on_device_loss))
        stream = LevelStream(self._endpoint, request, self._streams.discard)
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """Ends all streams and calls of this client."""
        self._endpoint.closed = True
        for stream in list(self._streams):
            await stream.close()
        if self._channel is not None:
            await self._channel.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()


class _Late:
    """Marks the deadline of one `receive`."""


class _PullCall:
    """One PullFrames call on a connection of its own. A task reads what the credit allows."""

    def __init__(self, endpoint: Endpoint, request: pb.PullFramesRequest) -> None:
        self._endpoint = endpoint
        self._requests: "asyncio.Queue[pb.PullFramesRequest]" = asyncio.Queue()
        self._received: "asyncio.Queue[Union[Result, _Late]]" = asyncio.Queue()
        metadata = endpoint.metadata()
        self._channel = _open_channel(endpoint)
        self.send(request)
        self._call = _stub(self._channel).PullFrames(self._unsent(), metadata=metadata)
        self._reader = asyncio.ensure_future(self._read())

    async def _unsent(self) -> AsyncIterator[pb.PullFramesRequest]:
        while True:
            yield await self._requests.get()

    def send(self, request: pb.PullFramesRequest) -> None:
        self._requests.put_nowait(request)

    async def _read(self) -> None:
        end = self._endpoint.end_error()
        try:
            async for message in self._call:
                self._received.put_nowait(Arrival(message, time.monotonic_ns()))
        except grpc.RpcError as e:
            end = self._endpoint.error(e)
        except asyncio.CancelledError:  # `close` has cancelled the call
            end = _CLOSED
        self._received.put_nowait(end)

    async def receive(self, deadline: Optional[int]) -> Result:
        """Loses no message if it is cancelled."""
        late = _Late()
        timer: Optional[asyncio.TimerHandle] = None
        if deadline is not None:
            seconds = max(0.0, (deadline - time.monotonic_ns()) / 1e9)
            timer = asyncio.get_running_loop().call_later(seconds, self._received.put_nowait, late)
        try:
            while True:
                result = await self._received.get()
                if result is late:
                    return None
                if not isinstance(result, _Late):  # that of a call before, whose message came at the same time
                    return result
        finally:
            if timer is not None:
                timer.cancel()

    async def close(self) -> None:
        self._received.put_nowait(_CLOSED)
        self._call.cancel()
        await asyncio.wait({self._reader})
        await self._channel.close()


class FrameStream:
    """One subscription: a sequence of frames, until it is closed or the server ends it.

    It follows the rules of `lavalier.FrameStream`. One task reads, by `read` or a loop. A read can be cancelled, for
    example by `asyncio.wait_for`: no frame is lost.
    """

    def __init__(self, endpoint: Endpoint, options: _options.StreamOptions,
                 on_notice: Optional[_options.NoticeListener], on_close: Callable[[FrameStream], None]) -> None:
        """Use `Client.stream`."""
        self._endpoint = endpoint
        self._session = Session(options, endpoint)
        self._on_notice = on_notice or (lambda notice: None)
        self._on_close = on_close
        self._closed: Optional[asyncio.Event] = None  # of the event loop; None before the first step
        self._call: Optional[_PullCall] = None
        self._is_closed = False

    @property
    def start(self) -> StreamStart:
        """The parameters of the current epoch. Raises RuntimeError before the stream is open."""
        if self._session.start is None:
            raise RuntimeError("stream: not open (expected: inside `async with`)")
        return self._session.start

    @property
    def stale_frames(self) -> int:
        """The number of expired frames that this library dropped."""
        return self._session.stale_frames

    async def open(self) -> None:
        """Waits until the server has opened the device, at most 20 s. Raises `Error`."""
        if self._session.start is None:
            await self._run(Started)

    async def read(self) -> Optional[Frame]:
        """Waits for the next frame. Returns None after the stream was closed. Raises the `Error` that ended it."""
        return await self._run(Frame)

    async def _run(self, until: Type[_T]) -> Optional[_T]:
        if self._closed is None:
            self._closed = asyncio.Event()
        try:
            while not self._is_closed:
                step = self._session.step()
                result: Result = None
                if isinstance(step, Connect):
                    result = await self._connect(step.request)
                elif isinstance(step, Wait):
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(self._closed.wait(), max(0.0, (step.until - time.monotonic_ns()) / 1e9))
                elif self._call is not None and isinstance(step, Grant):
                    self._call.send(step.request)
                elif self._call is not None and isinstance(step, Receive):
                    result = await self._call.receive(step.deadline)
                if result is _CLOSED:
                    break
                self._session.done(result)
                if isinstance(step, Notice):
                    self._on_notice(step)
                elif isinstance(step, until):
                    return step
        except _errors.Error:
            await self.close()
            raise
        return None

    async def _connect(self, request: pb.PullFramesRequest) -> Optional[_errors.Error]:
        if self._call is not None:
            await self._call.close()
        if not self._is_closed:
            try:
                self._call = _PullCall(self._endpoint, request)
            except _errors.Error as e:
                return e
        return None

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while True:
            frame = await self.read()
            if frame is None:
                return
            yield frame

    async def close(self) -> None:
        """Ends the subscription."""
        self._is_closed = True
        if self._closed is not None:
            self._closed.set()
        if self._call is not None:
            call, self._call = self._call, None
            await call.close()
        self._on_close(self)

    async def __aenter__(self) -> FrameStream:
        try:
            await self.open()
        except BaseException:  # also a cancellation: the caller has no stream to close
            await self.close()
            raise
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()


class LevelStream:
    """The levels of one device. It does not reconnect. One task reads, by a loop."""

    def __init__(self, endpoint: Endpoint, request: pb.StreamLevelsRequest,
                 on_close: Callable[[LevelStream], None]) -> None:
        """Use `Client.levels`."""
        self._endpoint = endpoint
        self._on_close = on_close
        self._request = request
        self._channel: Optional[grpc.aio.Channel] = None
        self._call: Any = None
        self._closed = False

    async def __aiter__(self) -> AsyncIterator[Levels]:
        """Yields the levels of each interval, until the stream is closed. Raises `Error`."""
        metadata = self._endpoint.metadata()
        if self._closed:
            return
        self._channel = _open_channel(self._endpoint)
        self._call = _stub(self._channel).StreamLevels(self._request, metadata=metadata)
        try:
            message = await asyncio.wait_for(self._call.read(), ANSWER_TIMEOUT / 1e9)
            while message is not grpc.aio.EOF:
                if message.HasField("levels"):
                    yield _messages.levels(message.levels)
                message = await self._call.read()
            if not self._closed:
                raise self._endpoint.end_error()
        except asyncio.TimeoutError:
            raise self._endpoint.silence(ANSWER_TIMEOUT / 1e9) from None
        except asyncio.CancelledError:
            if not self._closed:
                raise
        except grpc.RpcError as e:
            if not self._closed:
                raise self._endpoint.error(e) from None
        finally:
            await self.close()

    async def close(self) -> None:
        """Ends the subscription."""
        self._closed = True
        if self._call is not None:
            self._call.cancel()
        if self._channel is not None:
            await self._channel.close()
        self._on_close(self)

    async def __aenter__(self) -> LevelStream:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                        traceback: Optional[TracebackType]) -> None:
        await self.close()
