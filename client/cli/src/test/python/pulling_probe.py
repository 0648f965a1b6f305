"""The twin of ListeningProbe in Python, over PullFrames: HOST:PORT HOLD_AT END_AT WINDOW."""
import sys
import time

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc
from pull import pull


class Clock:
    """The steady clock; remembers the time of day of the last look at it."""

    def __init__(self):
        self.judged_unix = 0

    def __call__(self):
        while True:
            before = time.monotonic_ns()
            self.judged_unix = time.time_ns()
            after = time.monotonic_ns()
            if after - before < 1_000_000:
                return after


def main():
    server, hold_at, end_at, window = sys.argv[1], *map(int, sys.argv[2:])
    clock = Clock()
    held = False
    with grpc.insecure_channel(server) as channel:
        stub = rpc.AudioCaptureStub(channel)
        for frame, missing in pull(stub, pb.StreamFramesRequest(), window, clock=clock):
            read = frame.capture_time_unix_nanos + frame.read_delay_micros * 1_000
            print(frame.sample_index, missing, (clock.judged_unix - read) // 1_000, flush=True)
            if not held and frame.sample_index >= hold_at:
                held = True
                print("holding", flush=True)
                sys.stdin.readline()
            if frame.sample_index >= end_at:
                break
    print("stale -")


main()
