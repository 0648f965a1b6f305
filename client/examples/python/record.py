#!/usr/bin/env python3
"""Lists the devices of a Lavalier server, or records one into a WAV file.

Needs grpcio and stubs made from the contract; from the top of the repository:

    python3 -m grpc_tools.protoc -I proto/src/main/proto --python_out=build/python \
        --grpc_python_out=build/python lavalier/v1/audio_capture.proto
    PYTHONPATH=build/python python3 client/examples/python/record.py record --seconds 5 take.wav

(Debian: python3-grpcio, python3-grpc-tools; create build/python first.)
"""
import argparse
import sys
import wave

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc

# The wave module writes integers alone.
BYTES_PER_NUMBER = {pb.SAMPLE_ENCODING_S16LE: 2, pb.SAMPLE_ENCODING_S24LE: 3, pb.SAMPLE_ENCODING_S32LE: 4}


def list_devices(stub):
    for device in stub.ListDevices(pb.ListDevicesRequest()).devices:
        capture = device.capture_format
        print(f"{'*' if device.is_default else ' '} {device.device_id}: {device.description or device.name}, "
              f"{capture.sample_rate_hz} Hz, {capture.channel_count} channels")


def record(stub, device_id, seconds, path):
    call = stub.StreamFrames(pb.StreamFramesRequest(device_id=device_id))
    left = None  # samples per channel still wanted; None until the stream has started
    out = None
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started" and out is None:
                format = message.started.format
                if format.encoding not in BYTES_PER_NUMBER:
                    sys.exit("format: floating point (expected: an integer encoding, which a WAV file of "
                             "Python's wave module can hold)")
                out = wave.open(path, "wb")
                out.setnchannels(format.channel_count)
                out.setsampwidth(BYTES_PER_NUMBER[format.encoding])
                out.setframerate(format.sample_rate_hz)
                bytes_per_sample = BYTES_PER_NUMBER[format.encoding] * format.channel_count
                left = round(seconds * format.sample_rate_hz)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    print(f"gap: {frame.gap.sample_count} samples, filled with silence", file=sys.stderr)
                    missing = min(left, frame.gap.sample_count)
                    out.writeframes(bytes(missing * bytes_per_sample))
                    left -= missing
                pcm = frame.pcm[:left * bytes_per_sample]
                out.writeframes(pcm)
                left -= len(pcm) // bytes_per_sample
                if left == 0:
                    return
    finally:
        call.cancel()  # the server closes the microphone when its last listener goes
        if out is not None:
            out.close()


def main():
    parser = argparse.ArgumentParser(description="A Lavalier consumer in Python.")
    parser.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("devices")
    recording = commands.add_parser("record")
    recording.add_argument("--device", default="", metavar="ID", help="default: the server's")
    recording.add_argument("--seconds", type=float, default=5)
    recording.add_argument("file", metavar="FILE.wav")
    args = parser.parse_args()
    try:
        with grpc.insecure_channel(args.server) as channel:
            stub = rpc.AudioCaptureStub(channel)
            if args.command == "devices":
                list_devices(stub)
            else:
                record(stub, args.device, args.seconds, args.file)
    except grpc.RpcError as error:
        sys.exit(error.details())


if __name__ == "__main__":
    main()
