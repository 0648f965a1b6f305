"""The client for asyncio and a real server."""
import asyncio
import dataclasses
import enum
import threading
import time

import pytest
from accounting import FRESH, STALL, Account, age

import lavalier
from lavalier import Cause, DeviceState, NoticeKind

WHISPER = "16000/1/s16le"


def test_frames_are_those_of_tone(server):
    async def main():
        async with lavalier.aio.connect(server.address) as client:
            assert [device.device_id for device in await client.devices()] == ["tone"]
            assert "levels" in (await client.info()).capabilities
            account = Account()
            async with client.stream("tone", frame_size=480, format="16000/1/f32le") as stream:
                async for frame in stream:
                    account.add(stream, frame)
                    if account.received >= 16_000:
                        break
            assert frame.samples.shape == (480, 1)
            assert await stream.read() is None

    asyncio.run(main())


def test_cancelled_read_loses_no_frame(server):
    async def main():
        account = Account()
        cancelled = 0
        async with lavalier.aio.connect(server.address) as client:
            async with client.stream("tone", format=WHISPER) as stream:
                while account.received < 16_000:
                    try:
                        account.add(stream, await asyncio.wait_for(stream.read(), 0.005))
                    except asyncio.TimeoutError:
                        cancelled += 1
        return account, cancelled

    account, cancelled = asyncio.run(main())
    assert cancelled > 10
    assert account.causes <= {Cause.SLOW_SUBSCRIBER, Cause.SERVER_OVERLOAD}  # `add` has checked that they add up


@pytest.mark.parametrize("codec", ["opus", "flac"])
def test_codec_is_decoded(server, codec):
    pytest.importorskip("av", reason="PyAV is not installed (Debian: python3-av)")

    async def main():
        account = Account()
        async with lavalier.aio.connect(server.address) as client:
            async with client.stream("tone", format=WHISPER, codec=codec) as stream:
                for _ in range(20):
                    frame = await stream.read()
                    account.add(stream, frame)
                return frame

    frame = asyncio.run(main())
    assert (frame.packet, frame.samples.shape) == (b"", (320, 1))
    assert 0.24 < abs(frame.samples).max() / 32_768 < 0.26  # -12 dBFS


def test_blocked_event_loop_gets_fresh_frame_and_exact_gap(server):
    async def main():
        account = Account()
        async with lavalier.aio.connect(server.address) as client:
            async with client.stream("tone", format=WHISPER) as stream:
                for _ in range(20):
                    account.add(stream, await stream.read())
                time.sleep(STALL)
                frame = await stream.read()
                account.add(stream, frame)
                assert age(await client.info(), frame) < FRESH
        return account

    account = asyncio.run(main())
    assert account.missing > (STALL - 1) * 16_000
    assert account.causes == {Cause.SLOW_SUBSCRIBER}


def test_cut_connection_resumes(server, proxy):
    async def main():
        notices = []
        account = Account()
        async with lavalier.aio.connect(server.address) as other, other.stream("tone"):
            async with lavalier.aio.connect(proxy.address) as client:
                async with client.stream("tone", format=WHISPER, max_latency=5, on_notice=notices.append) as stream:
                    for _ in range(20):
                        account.add(stream, await stream.read())
                    proxy.cut()
                    while len(notices) < 2:
                        account.add(stream, await stream.read())
        return notices, account

    notices, account = asyncio.run(main())
    assert [notice.kind for notice in notices] == [NoticeKind.RECONNECTING, NoticeKind.RECONNECTED]
    assert account.missing == 0


def test_cancelled_task_ends_stream(server):
    async def read(client):
        async with client.stream("tone", format=WHISPER) as stream:
            async for _ in stream:
                pass

    async def main():
        async with lavalier.aio.connect(server.address) as client:
            task = asyncio.ensure_future(read(client))
            async for _ in client.stream("tone"):
                break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())


def test_close_ends_loop_of_other_task(server):
    async def main():
        async with lavalier.aio.connect(server.address) as client:
            closing = None
            async for _ in client.stream("tone"):
                closing = closing or asyncio.ensure_future(client.close())
            await closing
            with pytest.raises(RuntimeError, match="^client: closed"):
                client.stream("tone")

    asyncio.run(main())


def test_errors(server):
    async def main():
        async with lavalier.aio.connect(server.address) as client:
            with pytest.raises(lavalier.DeviceNotFoundError, match="^device_id: moon "):
                async with client.stream("moon"):
                    pass
            with pytest.raises(lavalier.DeviceNotFoundError, match="^device_id: moon "):
                async for _ in client.levels("moon"):
                    pass
        async with lavalier.aio.connect("127.0.0.1:1") as client:
            for call in (client.devices(), client.stream("tone").open()):
                with pytest.raises(lavalier.UnavailableError, match="connection refused; is lavalier-server running"):
                    await call

    asyncio.run(main())


def test_silent_server_is_given_up(silent_server):
    async def main():
        async with lavalier.aio.connect(silent_server) as client:
            with pytest.raises(lavalier.UnavailableError, match="it did not answer in 1 s"):
                await client.stream("tone").open()
            with pytest.raises(lavalier.UnavailableError, match="it did not answer in 1 s"):
                async for _ in client.levels("tone"):
                    pass

    asyncio.run(main())


def test_levels(server):
    async def main():
        async with lavalier.aio.connect(server.address) as client:
            async with client.levels("tone", interval=0.05) as levels:
                async for each in levels:
                    return each

    assert [round(channel.peak, 2) for channel in asyncio.run(main()).channels] == [0.25, 0.25]


@dataclasses.dataclass
class HostFormat:
    """The format of a host program, with the constructor and the names that its inputs use."""

    class Endianness(enum.Enum):
        LITTLE = "little"

    class SampleType(enum.Enum):
        FLOAT32 = "float"
        INT16 = "int"

    endianness: Endianness
    sample_type: SampleType
    sample_rate: int
    channels: int


async def state(client):
    return (await client.devices())[0].state


def test_audio_input_is_lazy_and_ends_when_closed(run_server):
    """Uses the input as the programs of google/bumble use theirs."""
    server = run_server("--demo", "--web-port", "0")

    async def main():
        source = lavalier.AudioInput(server.address, "tone", "16000/2/s16le", pcm_format=HostFormat)
        async with lavalier.aio.connect(server.address) as client:
            opened = await source.open()
            assert opened == HostFormat(HostFormat.Endianness.LITTLE, HostFormat.SampleType.INT16, 16_000, 2)
            frames = source.frames(160)
            assert await state(client) == DeviceState.CLOSED  # the microphone is off
            sizes = set()
            for _ in range(10):
                sizes.add(len(await frames.__anext__()))
            assert sizes == {160 * 2 * 2}
            assert await state(client) == DeviceState.OPEN
            time.sleep(STALL)  # a frame of before this stall is not delivered
            await frames.__anext__()
            assert source.missed_samples > (STALL - 1) * 16_000
            await source.aclose()
            assert [pcm async for pcm in frames] == []
            assert [pcm async for pcm in source.frames(160)] == []
            while await state(client) != DeviceState.CLOSED:
                await asyncio.sleep(0.05)

    asyncio.run(main())


def test_message_at_its_deadline_does_not_end_the_next_receive():
    async def main():
        call = object.__new__(lavalier.aio._PullCall)
        call._received = asyncio.Queue()
        loop = asyncio.get_running_loop()
        deadline = time.monotonic_ns() + 20_000_000
        receiving = asyncio.ensure_future(call.receive(deadline))
        await asyncio.sleep(0)
        loop.call_later(0.001, call._received.put_nowait, "started")
        time.sleep(0.05)  # both are due when the loop runs again, the message first
        assert await receiving == "started"
        loop.call_later(0.01, call._received.put_nowait, "frame")
        assert await call.receive(None) == "frame"
        assert await call.receive(time.monotonic_ns()) is None

    asyncio.run(main())


def test_audio_input_has_format_of_its_own(server):
    async def main():
        source = lavalier.AudioInput(server.address, format="48000/1/f32le")
        opened = await source.open()
        assert (opened.sample_rate, opened.channels, opened.bytes_per_sample) == (48_000, 1, 4)
        assert opened.sample_type == opened.SampleType.FLOAT32
        await source.aclose()
        with pytest.raises(lavalier.DeviceNotFoundError, match=r"^device_id: moon \(expected: one of tone\)"):
            await lavalier.AudioInput(server.address, "moon").open()

    asyncio.run(main())


def test_reader_thread_ends_with_stream(server):
    def readers():
        return [thread for thread in threading.enumerate() if thread.name == "lavalier-reader"]

    with lavalier.connect(server.address) as client:
        with client.stream("tone") as stream:
            stream.read()
            [reader] = readers()
        reader.join(10)
        assert not reader.is_alive()
