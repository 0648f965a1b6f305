"""Both clients and a server whose devices fail on command."""
import asyncio
import concurrent.futures

import grpc
import pytest
from scripted import EPOCH, RATE, SECOND, SIZE, WALL_START, frame, notice, started

import lavalier
from lavalier import Cause, NoticeKind
from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc


class FailingServer(rpc.AudioCaptureServicer):
    """Sends what the test appends to `messages`. A number is the status that ends the call."""

    def __init__(self):
        self.messages = []
        self.subscriptions = []

    def PullFrames(self, requests, context):
        self.subscriptions.append(next(requests).subscribe)
        while self.messages:
            message = self.messages.pop(0)
            if isinstance(message, grpc.StatusCode):
                context.abort(message, "the device is lost")
            yield message


@pytest.fixture
def failing():
    servicer = FailingServer()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
    rpc.add_AudioCaptureServicer_to_server(servicer, server)
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(0).wait()


def read_blocking(address, **options):
    frames = []
    with lavalier.connect(address) as client, client.stream("mic", **options) as stream:
        for each in stream:
            frames.append(each)
            if len(frames) == 2:
                return frames


def read_with_asyncio(address, **options):
    async def main():
        frames = []
        async with lavalier.aio.connect(address) as client, client.stream("mic", **options) as stream:
            async for each in stream:
                frames.append(each)
                if len(frames) == 2:
                    return frames

    return asyncio.run(main())


BOTH = pytest.mark.parametrize("read", [read_blocking, read_with_asyncio])


@BOTH
def test_lost_device_returns(failing, read):
    notices = []
    failing.messages += [
        started(), frame(0), notice(pb.NOTICE_KIND_DEVICE_LOST), started(epoch=EPOCH + 8_000_000),
        frame(0, missing=8 * RATE, cause=pb.GAP_CAUSE_DEVICE_LOST, estimated=True, wall=WALL_START + 8 * SECOND,
              steady=85 * SECOND)]
    first, second = read(failing.address, on_device_loss="wait", on_notice=notices.append)
    assert first.gap is None
    assert (second.gap.cause, second.gap.sample_count, second.gap.estimated) == (Cause.DEVICE_LOST, 8 * RATE, True)
    assert [each.kind for each in notices] == [NoticeKind.DEVICE_LOST]


@BOTH
def test_lost_device_ends_stream(failing, read):
    notices = []
    failing.messages += [started(), frame(0), notice(pb.NOTICE_KIND_DEVICE_LOST), grpc.StatusCode.UNAVAILABLE]
    with pytest.raises(lavalier.UnavailableError, match="^the device is lost$"):
        read(failing.address, on_notice=notices.append)
    assert [each.kind for each in notices] == [NoticeKind.DEVICE_LOST]


@BOTH
def test_rejected_resume_point_is_left_out(failing, read):
    failing.messages += [started(), frame(0), grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.OUT_OF_RANGE,
                         started(epoch=EPOCH - 1), frame(0, wall=WALL_START - 3_600 * SECOND)]
    first, second = read(failing.address)
    assert [each.WhichOneof("start") for each in failing.subscriptions] == [None, "resume", None]
    assert failing.subscriptions[1].resume == pb.ResumePoint(epoch=EPOCH, sample_index=SIZE)
    assert first.gap is None
    assert second.gap.estimated  # the time that passed


@BOTH
def test_server_without_pull_frames_is_not_supported(failing, read):
    failing.messages += [grpc.StatusCode.UNIMPLEMENTED]
    with pytest.raises(lavalier.NotSupportedError):
        read(failing.address)


@BOTH
def test_failing_listener_ends_read_and_not_stream(failing, read):
    failing.messages += [started(), notice(pb.NOTICE_KIND_MUTED), frame(0)]

    def fail(_):
        raise KeyError("listener")

    with pytest.raises(KeyError):
        read(failing.address, on_notice=fail)
    with lavalier.connect(failing.address) as client:
        failing.messages += [started(), notice(pb.NOTICE_KIND_MUTED), frame(0)]
        with client.stream("mic", on_notice=fail) as stream:
            with pytest.raises(KeyError):
                stream.read()
            assert stream.read().sample_index == 0
