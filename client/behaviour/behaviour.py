"""The Python clients of the behaviour tests. README.md describes the commands and events.

Usage: behaviour.py sync|asyncio
"""
import asyncio
import json
import queue
import re
import sys
import threading
import time

import lavalier


def emit(event, **fields):
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def emit_end(error=None):
    kind = "" if error is None else re.sub("(?<=[a-z])(?=[A-Z])", "_", type(error).__name__[:-len("Error")]).upper()
    emit("end", error=kind, message=str(error or ""))


def arguments(options):
    """Returns the arguments of `connect` and of `stream`."""
    def token():
        emit("token")
        with open(options["token_file"]) as file:
            return file.read().strip()

    connection = {
        "server": options["server"],
        "ca": options["ca"] or None,
        "token": token if options["token_file"] else None,
    }
    stream = {
        "device": options["device"],
        "max_latency": options["max_latency_ms"] / 1e3,
        "preroll": options["preroll_ms"] / 1e3,
        "on_device_loss": "wait" if options["wait"] else "fail",
        "on_notice": lambda notice: emit("notice", message=notice.message),
    }
    return connection, stream


class Program:
    """What both clients share: the pause, and the events of a stream."""

    def __init__(self):
        self.stream = None
        self.pause_ms = 0
        self._epoch = None

    def opening(self, stream):
        self.stream = stream
        self.pause_ms = 0
        self._epoch = None

    def frame(self, frame):
        now = time.time_ns()
        start = self.stream.start
        if start.epoch != self._epoch:
            self._epoch = start.epoch
            emit("started", epoch=start.epoch, rate=start.format.sample_rate, frame_size=start.frame_size,
                 preroll_ms=round(start.preroll * 1e3))
        age = now - frame.capture_time_unix_nanos - frame.read_delay_micros * 1_000
        parts = frame.gap.parts if frame.gap else ()
        emit("frame", index=frame.sample_index, time_us=frame.capture_time_unix_nanos // 1_000,
             age_ms=age // 1_000_000, gap=[[part.sample_count, part.cause.name, part.estimated] for part in parts])

    def pause(self):
        """Returns the length of a pause that was requested, in seconds."""
        seconds, self.pause_ms = self.pause_ms / 1e3, 0
        return seconds


def run_sync():
    program = Program()
    requests = queue.SimpleQueue()

    def read_commands():
        for line in sys.stdin:
            command, _, argument = line.strip().partition(" ")
            if command == "open":
                requests.put(json.loads(argument))
            elif command == "pause":
                program.pause_ms = int(argument)
            elif command == "close":
                program.stream.close()
        requests.put(None)

    threading.Thread(target=read_commands, daemon=True).start()
    emit("ready")
    while (options := requests.get()) is not None:
        connection, stream = arguments(options)
        try:
            with lavalier.connect(**connection) as client:
                program.opening(client.stream(**stream))
                with program.stream as frames:
                    for frame in frames:
                        program.frame(frame)
                        if seconds := program.pause():
                            emit("paused")
                            time.sleep(seconds)
                            emit("resumed")
            emit_end()
        except lavalier.Error as error:
            emit_end(error)


async def run_asyncio():
    program = Program()
    requests = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def handle(line):
        command, _, argument = line.strip().partition(" ")
        if command == "open":
            requests.put_nowait(json.loads(argument))
        elif command == "pause":
            program.pause_ms = int(argument)
        elif command == "close":
            await program.stream.close()

    def read_commands():
        for line in sys.stdin:
            asyncio.run_coroutine_threadsafe(handle(line), loop)
        loop.call_soon_threadsafe(requests.put_nowait, None)

    threading.Thread(target=read_commands, daemon=True).start()
    emit("ready")
    while (options := await requests.get()) is not None:
        connection, stream = arguments(options)
        try:
            async with lavalier.aio.connect(**connection) as client:
                program.opening(client.stream(**stream))
                async with program.stream as frames:
                    async for frame in frames:
                        program.frame(frame)
                        if seconds := program.pause():
                            emit("paused")
                            await asyncio.sleep(seconds)
                            emit("resumed")
            emit_end()
        except lavalier.Error as error:
            emit_end(error)


if __name__ == "__main__":
    if sys.argv[1] == "sync":
        run_sync()
    else:
        asyncio.run(run_asyncio())
