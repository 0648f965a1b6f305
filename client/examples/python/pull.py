#!/usr/bin/env python3
"""Requests frames from a Lavalier server one at a time, each when the program is ready for it.

Use this pattern if a program can be slow or can stall, but must never process old audio.

It has the same requirements as record.py. From the top of the repository:

    PYTHONPATH=build/python python3 client/examples/python/pull.py --frames 250
    PYTHONPATH=build/python python3 client/examples/python/pull.py --frames 250 --work-ms 50
"""
import argparse
import queue
import sys
import time

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc
from record import add_server_options, connect

CLOCK_PAUSE_TIMEOUT_NANOS = 5_000_000_000
MIN_SUSPENSION_NANOS = 100_000_000
ARRIVAL_JITTER_NANOS = 50_000_000


class QueuingDelayFilter:
    """Detects frames that have waited too long since the server read them.

    It compares steady clocks, because a wall clock can be set at any time. The two clocks need not
    agree. The smallest difference seen so far, the base delay, is the offset of the clocks plus the
    shortest transit time. Clocks drift, so the base delay can rise by one thousandth of the time that
    passes. If every frame is too old for 5 s, the server's clock stopped for a while because its
    machine was paused, and the filter starts again.
    """

    def __init__(self, max_delay_nanos):
        self.max_delay = max_delay_nanos
        self.base_delay = None
        self.last_arrival = 0
        self.expired_since = None

    def accept(self, read, now):
        """Returns whether a frame that the server read at `read` is recent enough at `now`."""
        delay = now - read
        if self.base_delay is None:
            self.base_delay = delay
        else:
            self.base_delay = min(delay, self.base_delay + (now - self.last_arrival) // 1_000)
        self.last_arrival = now
        if delay - self.base_delay <= self.max_delay:
            self.expired_since = None
            return True
        if self.expired_since is None:
            self.expired_since = now
        elif now - self.expired_since > CLOCK_PAUSE_TIMEOUT_NANOS:
            self.base_delay = None
            self.expired_since = None
        return False


class ReadTimes:
    """Computes when the server had read each frame, in nanoseconds from an arbitrary origin.

    A steady clock stops while its machine is suspended. If the server's wall clock has advanced by
    more than its steady clock, and no frame arrived for as long, the server was suspended.
    """

    def __init__(self):
        self.suspended = 0
        self.last_offset = None  # of the server's wall clock from its steady clock
        self.last_arrival = 0

    def of(self, frame, sample_rate_hz, now):
        steady = frame.read_time_steady_nanos
        if not steady:  # an old server: the sample index counts the time
            return frame.sample_index * 1_000_000_000 // sample_rate_hz + frame.read_delay_micros * 1_000
        offset = frame.capture_time_unix_nanos + frame.read_delay_micros * 1_000 - steady
        if self.last_offset is not None:
            advance = offset - self.last_offset
            silence = now - self.last_arrival
            if advance >= MIN_SUSPENSION_NANOS and silence >= advance - ARRIVAL_JITTER_NANOS:
                self.suspended += advance
        self.last_offset = offset
        self.last_arrival = now
        return steady + self.suspended


def pull(stub, subscribe, window=1, count=None, clock=time.monotonic_ns):
    """Yields (frame, missing): an AudioFrame, and the number of samples missing just before it.

    window: the number of frames that can be in transit. With 1, each frame costs a round trip. If the
        network's round trip is longer than a frame, use as many frames as fit into it. Frames that
        are in transit while this program is suspended expire: they are dropped here and counted.
    count: the total number of frames to request; None: no limit.
    """
    requests = queue.SimpleQueue()
    remaining = count

    def grant(credit, **more):
        nonlocal remaining
        if remaining is not None:
            credit = min(credit, remaining)
            remaining -= credit
        if credit:
            requests.put(pb.PullFramesRequest(credit=credit, **more))
            if remaining == 0:
                requests.put(None)

    grant(window, subscribe=subscribe)
    call = stub.PullFrames(iter(requests.get, None))  # None half-closes the call
    started = None
    read_times = ReadTimes()
    steady = False  # whether the server sends its steady time
    missing = 0
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started":
                started = message.started
                if not steady:  # in each epoch, the sample index begins at 0
                    delay_filter = QueuingDelayFilter(started.max_latency_ms * 1_000_000)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    missing += frame.gap.sample_count
                steady = frame.read_time_steady_nanos != 0
                now = clock()
                read = read_times.of(frame, started.format.sample_rate_hz, now)
                if delay_filter.accept(read, now):
                    yield frame, missing  # the caller processes the frame, however long that takes
                    missing = 0
                else:
                    missing += started.frame_size
                grant(1)
    finally:
        requests.put(None)
        call.cancel()


def main():
    parser = argparse.ArgumentParser(description="Requests frames from a Lavalier server one at a time.")
    add_server_options(parser)
    parser.add_argument("--device", default="", metavar="ID",
                        help="device to stream (default: the server's default device)")
    parser.add_argument("--frames", type=int, default=250, metavar="N",
                        help="number of frames to request, 1 or more (default: 250)")
    parser.add_argument("--window", type=int, default=1, metavar="N",
                        help="number of frames that can be in transit, 1 or more (default: 1)")
    parser.add_argument("--work-ms", type=float, default=0, metavar="MS",
                        help="simulated time of work per frame, in milliseconds (default: 0)")
    args = parser.parse_args()
    if args.frames < 1 or args.window < 1:
        sys.exit(f"frames, window: {args.frames}, {args.window} (expected: 1 or more)")
    taken = missed = 0
    try:
        with connect(args) as channel:
            subscribe = pb.StreamFramesRequest(device_id=args.device)
            for frame, missing in pull(rpc.AudioCaptureStub(channel), subscribe, args.window, args.frames):
                taken += 1
                missed += missing
                if missing:
                    print(f"missed {missing} samples before {frame.sample_index}", file=sys.stderr)
                time.sleep(args.work_ms / 1_000)
    except grpc.RpcError as error:
        sys.exit(error.details())
    print(f"{taken} frames taken, {missed} samples missed")


if __name__ == "__main__":
    main()
