"""Reads a stream with gRPC for Python: see README.md."""
import json
import pathlib
import sys
import time

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc


def main(server, wav, seconds, pause_seconds):
    played = pathlib.Path(wav).read_bytes()[44:]
    loop = played + played
    first = following = None
    received = missing = missing_before_pause = misplaced = wrong = 0
    paused = False
    request = pb.StreamFramesRequest(device_id="numbers", frame_size=240, max_latency_ms=1000)
    with grpc.insecure_channel(server) as channel:
        call = rpc.AudioCaptureStub(channel).StreamFrames(request)
        for message in call:
            if message.HasField("started"):
                samples = seconds * message.started.format.sample_rate_hz
                sample_bytes = 4 * message.started.format.channel_count
            if not message.HasField("frame"):
                continue
            frame = message.frame
            at = frame.sample_index * sample_bytes % len(played)
            wrong += frame.pcm != loop[at:at + len(frame.pcm)]
            if first is None:
                first = frame.sample_index
            else:
                misplaced += frame.sample_index != following + frame.gap.sample_count
                missing += frame.gap.sample_count
                missing_before_pause += 0 if paused else frame.gap.sample_count
            size = len(frame.pcm) // sample_bytes
            received += size
            following = frame.sample_index + size
            if following - first >= samples:
                call.cancel()
                break
            if not paused and following - first >= samples // 2:
                paused = True
                time.sleep(pause_seconds)
        else:
            sys.exit("the server ended the stream")
    print(json.dumps({
        "client": f"grpcio {grpc.__version__}", "first": first, "next": following, "received": received,
        "missing": missing, "missing_before_pause": missing_before_pause, "misplaced": misplaced, "wrong": wrong}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
