#!/usr/bin/env python3
"""The two listeners of clicks.py. Each prints a JSON object when its standard input is closed.

usage: listeners.py parec LATENCY_MS
       listeners.py grpc ADDRESS FRAME_SAMPLES

All times are in nanoseconds of the steady clock of this machine, which is also the server's.
"""
import json
import os
import subprocess
import sys
import threading
import time

RATE = 48_000
BYTES = 4  # in a sample of both channels
LEFT = 0x2000  # the left channel of a click; its right channel is the number of the click


def clicks_in(pcm):
    """Yields (position, number) of each click in S16LE stereo audio; other samples are silent."""
    if pcm.count(0) == len(pcm):
        return
    for position in range(len(pcm) // BYTES):
        at = position * BYTES
        if int.from_bytes(pcm[at:at + 2], "little") == LEFT:
            yield position, int.from_bytes(pcm[at + 2:at + 4], "little")


def stop_with_input(stop):
    """Calls stop when standard input ends."""
    def wait():
        while os.read(0, 1):
            pass
        stop()
    threading.Thread(target=wait, daemon=True).start()


def parec(latency_ms):
    """Reads parec's output, whatever is there. `reads` has the end of each read, in samples, and its time."""
    process = subprocess.Popen(
        ["parec", "--raw", f"--rate={RATE}", "--channels=2", "--format=s16le", f"--latency-msec={latency_ms}"],
        stdout=subprocess.PIPE)
    stop_with_input(process.terminate)
    descriptor, rest, samples, reads, clicks = process.stdout.fileno(), b"", 0, [], []
    while chunk := os.read(descriptor, 1 << 16):
        now = time.monotonic_ns()
        pcm = rest + chunk
        whole = len(pcm) // BYTES * BYTES
        pcm, rest = pcm[:whole], pcm[whole:]
        clicks += [(number, samples + position, now) for position, number in clicks_in(pcm)]
        samples += len(pcm) // BYTES
        reads.append((samples, now))
    process.wait()
    return {"reads": reads, "clicks": clicks}


def grpc_consumer(address, frame_samples):
    """Streams frames. `frames` has the time of each frame, and the time at which the server had read it."""
    import grpc
    from lavalier.v1 import audio_capture_pb2 as pb
    from lavalier.v1 import audio_capture_pb2_grpc as rpc
    frames, clicks, gaps = [], [], 0
    with grpc.insecure_channel(address) as channel:
        call = rpc.AudioCaptureStub(channel).StreamFrames(
            pb.StreamFramesRequest(device_id="default", frame_size=frame_samples))
        stop_with_input(call.cancel)
        try:
            for message in call:
                if message.WhichOneof("message") != "frame":
                    continue
                now = time.monotonic_ns()
                frame = message.frame
                gaps += frame.HasField("gap")
                frames.append((now, frame.read_time_steady_nanos))
                clicks += [(number, len(frame.pcm) // BYTES - position, len(frames) - 1)
                           for position, number in clicks_in(frame.pcm)]
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.CANCELLED:
                sys.exit(f"the stream ended: {error.details()}")
    return {"frames": frames, "clicks": clicks, "gaps": gaps}


if __name__ == "__main__":
    json.dump(parec(int(sys.argv[2])) if sys.argv[1] == "parec"
              else grpc_consumer(sys.argv[2], int(sys.argv[3])), sys.stdout)
