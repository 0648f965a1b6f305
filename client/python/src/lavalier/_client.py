"""The blocking client."""
from __future__ import annotations

import queue
import threading
import time
from types import TracebackType
from typing import Any, Callable, Iterator, List, Optional, Sequence, Set, Type, TypeVar, Union

import grpc

from . import _errors, _messages, _options
from ._endpoint import CALL_TIMEOUT, Endpoint, Token
from ._session import ANSWER_TIMEOUT, Arrival, Connect, Grant, Receive, Result, Session, Started, Wait
from ._values import Device, Format, Frame, Levels, Notice, ServerInfo, StreamStart
from .v1 import audio_capture_pb2 as pb
from .v1 import audio_capture_pb2_grpc as rpc

_T = TypeVar("_T", Started, Frame)
_CLOSED = _errors.CancelledError("stream: closed (expected: an open stream)")


def connect(server: str, *, tls: bool = False, ca: Optional[str] = None, cert: Optional[str] = None,
            key: Optional[str] = None, token: Token = None) -> Client:
    """Returns a client of a server. It connects when it is used.

    server: HOST:PORT, [IPV6]:PORT, or unix:PATH for a Unix socket
    tls: whether to use TLS, and to trust the certificate authorities that gRPC trusts
    ca: use TLS, and trust only the authorities in this PEM file
    cert, key: use TLS with a client certificate: PEM files
    token: authenticate with this token, or with the one that this function returns at once for each call

    The files are read again for each new connection. Raises ValueError for a malformed value, an unreadable file, or
    a token that would be sent in plain text to another machine.
    """
    return Client(Endpoint(server, tls, ca, cert, key, token))


def _open_channel(endpoint: Endpoint) -> grpc.Channel:
    target, credentials, options = endpoint.channel_arguments()
    if credentials is None:
        return grpc.insecure_channel(target, options)
    return grpc.secure_channel(target, credentials, options)


def _stub(channel: grpc.Channel) -> Any:
    return rpc.AudioCaptureStub(channel)  # type: ignore[no-untyped-call]


class Client:
    """One server. Use it from any thread. Closing it ends the streams that it opened; `with` closes it.

    Methods raise `Error`, or RuntimeError after `close`.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        """Use `connect`."""
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._channel: Optional[grpc.Channel] = None
        self._streams: Set[Union[FrameStream, LevelStream]] = set()  # not closed yet

    def devices(self) -> List[Device]:
        """Returns the devices that can be captured now. Waits at most 10 s."""
        return [_messages.device(each) for each in self._call("ListDevices", pb.ListDevicesRequest()).devices]

    def info(self) -> ServerInfo:
        """Returns what the server can do. Waits at most 10 s."""
        return _messages.server_info(self._call("GetServerInfo", pb.GetServerInfoRequest()))

    def _call(self, method: str, request: Any) -> Any:
        with self._lock:
            self._endpoint.check_open()
            if self._channel is None:
                self._channel = _open_channel(self._endpoint)
            call = getattr(_stub(self._channel), method)
        try:
            return call(request, timeout=CALL_TIMEOUT, metadata=self._endpoint.metadata())
        except grpc.RpcError as e:
            raise self._endpoint.error(e) from None

    def stream(self, device: str = "", *, format: Union[Format, str, None] = None, channel_map: Sequence[int] = (),
               frame_size: int = 0, max_latency: float = 0, overflow: _options.Overflow = "drop_oldest",
               on_device_loss: _options.OnDeviceLoss = "fail", reconnect: float = 300, preroll: float = 0,
               codec: _options.Codec = "pcm", bitrate: int = 0, packets: bool = False, clock_notices: bool = False,
               on_notice: Optional[_options.NoticeListener] = None) -> FrameStream:
        """Returns a stream of frames, which opens when it is entered or read first.

        device: `Device.device_id`. Default: the server's default device
        format: RATE/CHANNELS/ENCODING, such as 16000/1/f32le. Default: as captured
        channel_map: the captured channel for each delivered one, from 1; 0 is the mean of all
        frame_size: samples per channel in a frame, up to one second. Default: 20 ms
        max_latency: the longest time that a frame can wait, in seconds, up to 60. Default: 0.2, or two frames
        overflow: "drop_oldest", or "close": end the stream instead of dropping frames
        on_device_loss: "fail", or "wait" for the device
        reconnect: how long to try after each loss of the connection, in seconds; 0: not at all, math.inf: no limit
        preroll: how far before now to start, in seconds, up to 600, if the server keeps a history
        codec: "pcm", or "flac" or "opus" between the server and this library, which decodes it with the package av
        bitrate: of opus, in bits per second. Default: 64000 for one channel, 96000 for two
        packets: whether the frames have the packets of the codec, which this library then does not decode
        clock_notices: whether to report the rate of the device's clock
        on_notice: gets each notice, on the reading thread, during a read

        Raises ValueError for a value that is out of range, and ImportError if packets of the codec cannot be decoded;
        the server checks the rest.
        """
        options = _options.StreamOptions(device, format, tuple(channel_map), frame_size, max_latency, overflow,
                                         on_device_loss, reconnect, preroll, codec, bitrate, packets,
                                         clock_notices)
        return self._add(FrameStream(self._endpoint, options, on_notice, self._streams.discard))

    def levels(self, device: str = "", *, interval: float = 0.1,
               on_device_loss: _options.OnDeviceLoss = "fail") -> LevelStream:
        """Returns the levels of each channel of a device, without audio, which begin when they are read first.

        interval: the length of an interval in seconds, 0.02 to 10
        """
        request = pb.StreamLevelsRequest(device_id=device, interval_ms=_options.millis("interval", interval),
                                         on_device_loss=_options.on_device_loss(on_device_loss))
        return self._add(LevelStream(self._endpoint, request, self._streams.discard))

    def _add(self, stream: _S) -> _S:
        with self._lock:
            self._endpoint.check_open()
            self._streams.add(stream)
        return stream

    def close(self) -> None:
        """Ends all streams and calls of this client."""
        with self._lock:
            self._endpoint.closed = True
            streams = list(self._streams)
        for stream in streams:
            stream.close()
        if self._channel is not None:
            self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()


class _PullCall:
    """One PullFrames call on a connection of its own. A thread reads what the credit allows."""

    def __init__(self, endpoint: Endpoint, request: pb.PullFramesRequest) -> None:
        self._endpoint = endpoint
        self._requests: "queue.SimpleQueue[Optional[pb.PullFramesRequest]]" = queue.SimpleQueue()
        self._received: "queue.SimpleQueue[Union[Arrival, _errors.Error]]" = queue.SimpleQueue()
        metadata = endpoint.metadata()
        self._channel = _open_channel(endpoint)
        self.send(request)
        self._call = _stub(self._channel).PullFrames(iter(self._requests.get, None), metadata=metadata)
        threading.Thread(target=self._read, name="lavalier-reader", daemon=True).start()

    def send(self, request: pb.PullFramesRequest) -> None:
        self._requests.put(request)

    def _read(self) -> None:
        end = self._endpoint.end_error()
        try:
            for message in self._call:
                self._received.put(Arrival(message, time.monotonic_ns()))
        except grpc.RpcError as e:
            end = self._endpoint.error(e)
        self._received.put(end)

    def receive(self, deadline: Optional[int]) -> Result:
        timeout = None if deadline is None else max(0.0, (deadline - time.monotonic_ns()) / 1e9)
        try:
            return self._received.get(timeout=timeout)
        except queue.Empty:
            return None

    def close(self) -> None:
        self._received.put(_CLOSED)
        self._requests.put(None)
        self._call.cancel()
        self._channel.close()


class FrameStream:
    """One subscription: a sequence of frames, until it is closed or the server ends it.

    Frames that waited longer than `max_latency` are dropped, on the server or here, and counted in the gap of the
    next frame. If the connection is lost, reading waits, reconnects and resumes. If nothing is read for 30 s, the
    server ends the stream, and the next read resumes it.

    One thread reads, by `read` or a loop; a loop ends when the stream is closed. Any thread can close it.
    """

    def __init__(self, endpoint: Endpoint, options: _options.StreamOptions,
                 on_notice: Optional[_options.NoticeListener], on_close: Callable[[FrameStream], None]) -> None:
        """Use `Client.stream`."""
        self._endpoint = endpoint
        self._session = Session(options, endpoint)
        self._on_notice = on_notice or (lambda notice: None)
        self._on_close = on_close
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._call: Optional[_PullCall] = None

    @property
    def start(self) -> StreamStart:
        """The parameters of the current epoch. Raises RuntimeError before the stream is open."""
        if self._session.start is None:
            raise RuntimeError("stream: not open (expected: inside `with`)")
        return self._session.start

    @property
    def stale_frames(self) -> int:
        """The number of expired frames that this library dropped."""
        return self._session.stale_frames

    def open(self) -> None:
        """Waits until the server has opened the device, at most 20 s. Raises `Error`."""
        if self._session.start is None:
            self._run(Started)

    def read(self) -> Optional[Frame]:
        """Waits for the next frame. Returns None after the stream was closed. Raises the `Error` that ended it."""
        return self._run(Frame)

    def _run(self, until: Type[_T]) -> Optional[_T]:
        try:
            while not self._closed.is_set():
                step = self._session.step()
                result: Result = None
                if isinstance(step, Connect):
                    result = self._connect(step.request)
                elif isinstance(step, Wait):
                    self._closed.wait(max(0.0, (step.until - time.monotonic_ns()) / 1e9))
                elif self._call is not None and isinstance(step, Grant):
                    self._call.send(step.request)
                elif self._call is not None and isinstance(step, Receive):
                    result = self._call.receive(step.deadline)
                if result is _CLOSED:
                    break
                self._session.done(result)
                if isinstance(step, Notice):
                    self._on_notice(step)
                elif isinstance(step, until):
                    return step
        except _errors.Error:
            self.close()
            raise
        return None

    def _connect(self, request: pb.PullFramesRequest) -> Optional[_errors.Error]:
        with self._lock:
            if self._call is not None:
                self._call.close()
            if not self._closed.is_set():
                try:
                    self._call = _PullCall(self._endpoint, request)
                except _errors.Error as e:
                    return e
        return None

    def __iter__(self) -> Iterator[Frame]:
        while True:
            frame = self.read()
            if frame is None:
                return
            yield frame

    def close(self) -> None:
        """Ends the subscription."""
        with self._lock:
            self._closed.set()
            if self._call is not None:
                self._call.close()
        self._on_close(self)

    def __enter__(self) -> FrameStream:
        self.open()
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()


class LevelStream:
    """The levels of one device. It does not reconnect. One thread reads; any thread can close it."""

    def __init__(self, endpoint: Endpoint, request: pb.StreamLevelsRequest,
                 on_close: Callable[[LevelStream], None]) -> None:
        """Use `Client.levels`."""
        self._endpoint = endpoint
        self._on_close = on_close
        self._request = request
        self._lock = threading.Lock()
        self._channel: Optional[grpc.Channel] = None
        self._closed = False

    def __iter__(self) -> Iterator[Levels]:
        """Yields the levels of each interval, until the stream is closed. Raises `Error`."""
        metadata = self._endpoint.metadata()
        with self._lock:
            if self._closed:
                return
            self._channel = _open_channel(self._endpoint)
        silent = threading.Event()

        def give_up() -> None:
            silent.set()
            self._cancel()

        answer = threading.Timer(ANSWER_TIMEOUT / 1e9, give_up)
        answer.daemon = True
        answer.start()
        try:
            for message in _stub(self._channel).StreamLevels(self._request, metadata=metadata):
                answer.cancel()
                if message.HasField("levels"):
                    yield _messages.levels(message.levels)
            raise self._endpoint.end_error()
        except (grpc.RpcError, ValueError) as e:
            if silent.is_set():
                raise self._endpoint.silence(ANSWER_TIMEOUT / 1e9) from None
            if self._closed:
                return
            if isinstance(e, ValueError):
                raise
            raise self._endpoint.error(e) from None
        finally:
            answer.cancel()
            self.close()

    def _cancel(self) -> None:
        with self._lock:
            if self._channel is not None:
                self._channel.close()

    def close(self) -> None:
        """Ends the subscription."""
        self._closed = True
        self._cancel()
        self._on_close(self)

    def __enter__(self) -> LevelStream:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], value: Optional[BaseException],
                 traceback: Optional[TracebackType]) -> None:
        self.close()


_S = TypeVar("_S", FrameStream, LevelStream)
