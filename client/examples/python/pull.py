#!/usr/bin/env python3
"""Takes frames of a Lavalier server one at a time, each when it is ready for it: a consumer that may
be slow or stand still, and shall never hear anything old.

Needs what record.py needs; see there. From the top of the repository:

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

DISBELIEF_NANOS = 5_000_000_000


class Freshness:
    """Tells what has waited for too long since the server read it. The two clocks need not agree:
    the least difference ever seen is that of the clocks and the shortest way. It may rise by a
    thousandth, since clocks drift; where everything seems too old for 5 s, a clock was set."""

    def __init__(self, bound_nanos):
        self.bound = bound_nanos
        self.least = None
        self.looked = 0
        self.stale_since = None

    def is_fresh(self, read, now):
        waited = now - read
        if self.least is None:
            self.least = waited
        else:
            self.least = min(waited, self.least + (now - self.looked) // 1_000)
        self.looked = now
        if waited - self.least <= self.bound:
            self.stale_since = None
            return True
        if self.stale_since is None:
            self.stale_since = now
        elif now - self.stale_since > DISBELIEF_NANOS:
            self.least = None
            self.stale_since = None
        return False


def pull(stub, subscribe, window=1, count=None, clock=time.monotonic_ns):
    """Yields (frame, missing): an AudioFrame, and how many samples are missing just before it.

    window: frames that may be under way. 1 costs a round trip for each frame; over a network whose
        round trip is longer than a frame, take as many frames as fit into it. What is under way
        when this program is stopped grows old, and is dropped here and counted.
    count: frames to ask for in all; None: for ever.
    """
    requests = queue.SimpleQueue()
    left = count

    def grant(credit, **more):
        nonlocal left
        if left is not None:
            credit = min(credit, left)
            left -= credit
        if credit:
            requests.put(pb.PullFramesRequest(credit=credit, **more))
            if left == 0:
                requests.put(None)

    grant(window, subscribe=subscribe)
    call = stub.PullFrames(iter(requests.get, None))  # None half-closes the call
    freshness = None
    frame_size = 0
    missing = 0
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started":
                frame_size = message.started.frame_size
                if freshness is None:
                    freshness = Freshness(message.started.max_latency_ms * 1_000_000)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    missing += frame.gap.sample_count
                read = frame.capture_time_unix_nanos + frame.read_delay_micros * 1_000
                if freshness.is_fresh(read, clock()):
                    yield frame, missing  # the caller works on it, for as long as it takes
                    missing = 0
                else:
                    missing += frame_size
                grant(1)
    finally:
        requests.put(None)
        call.cancel()


def main():
    parser = argparse.ArgumentParser(description="A Lavalier consumer that pulls.")
    add_server_options(parser)
    parser.add_argument("--device", default="", metavar="ID", help="default: the server's")
    parser.add_argument("--frames", type=int, default=250, metavar="N", help="how many to ask for")
    parser.add_argument("--window", type=int, default=1, metavar="N", help="how many may be under way")
    parser.add_argument("--work-ms", type=float, default=0, metavar="MS", help="what each is worked on for")
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
