#!/usr/bin/env python3
"""Lists the devices of a Lavalier server, or records one into a WAV file.

Needs grpcio and stubs made from the contract; from the top of the repository:

    python3 -m grpc_tools.protoc -I proto/src/main/proto --python_out=build/python \
        --grpc_python_out=build/python lavalier/v1/audio_capture.proto
    PYTHONPATH=build/python python3 client/examples/python/record.py record --seconds 5 take.wav
    PYTHONPATH=build/python python3 client/examples/python/record.py record --format 16000/1/f32le speech.wav

(Debian: python3-grpcio, python3-grpc-tools; create build/python first.)
"""
import argparse
import struct
import sys

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc

BYTES_PER_NUMBER = {pb.SAMPLE_ENCODING_S16LE: 2, pb.SAMPLE_ENCODING_S24LE: 3, pb.SAMPLE_ENCODING_S32LE: 4,
                    pb.SAMPLE_ENCODING_F32LE: 4}


def add_server_options(parser):
    parser.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT")
    parser.add_argument("--ca", metavar="FILE", help="encrypt, and trust what these certificates vouch for; PEM")
    parser.add_argument("--token-file", metavar="FILE", help="holds a token to show to the server; needs --ca")


def connect(args):
    if not args.ca:
        if args.token_file:
            sys.exit(f"token-file: {args.token_file} (expected: --ca, too: a token is not sent in plain text)")
        return grpc.insecure_channel(args.server)
    with open(args.ca, "rb") as pem:
        credentials = grpc.ssl_channel_credentials(pem.read())
    if args.token_file:
        with open(args.token_file) as file:
            token = grpc.access_token_call_credentials(file.read().strip())
        credentials = grpc.composite_channel_credentials(credentials, token)
    return grpc.secure_channel(args.server, credentials)


def audio_format(text):
    try:
        rate, channels, encoding = text.split("/")
        return pb.AudioFormat(encoding=pb.SampleEncoding.Value("SAMPLE_ENCODING_" + encoding.upper()),
                              sample_rate_hz=int(rate), channel_count=int(channels))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} (expected: RATE/CHANNELS/ENCODING, as 16000/1/f32le; "
                                         "encodings s16le, s24le, s32le, f32le)")


def list_devices(stub):
    for device in stub.ListDevices(pb.ListDevicesRequest()).devices:
        capture = device.capture_format
        print(f"{'*' if device.is_default else ' '} {device.device_id}: {device.description or device.name}, "
              f"{capture.sample_rate_hz} Hz, {capture.channel_count} channels")


def wav_header(format, data_bytes):
    """By hand, since Python's wave module writes integers alone."""
    width = BYTES_PER_NUMBER[format.encoding]
    kind = 3 if format.encoding == pb.SAMPLE_ENCODING_F32LE else 1  # IEEE float, or integers
    bytes_per_sample = width * format.channel_count
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + data_bytes, b"WAVEfmt ", 16, kind, format.channel_count,
                       format.sample_rate_hz, format.sample_rate_hz * bytes_per_sample, bytes_per_sample,
                       8 * width, b"data", data_bytes)


def record(stub, device_id, wanted, seconds, path):
    call = stub.StreamFrames(pb.StreamFramesRequest(device_id=device_id, format=wanted))
    left = None  # samples per channel still wanted; None until the stream has started
    out = None
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started" and out is None:
                format = message.started.format
                out = open(path, "wb")
                out.write(wav_header(format, 0))
                bytes_per_sample = BYTES_PER_NUMBER[format.encoding] * format.channel_count
                left = round(seconds * format.sample_rate_hz)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    print(f"gap: {frame.gap.sample_count} samples, filled with silence", file=sys.stderr)
                    missing = min(left, frame.gap.sample_count)
                    out.write(bytes(missing * bytes_per_sample))
                    left -= missing
                pcm = frame.pcm[:left * bytes_per_sample]
                out.write(pcm)
                left -= len(pcm) // bytes_per_sample
                if left == 0:
                    return
    finally:
        call.cancel()  # the server closes the microphone when its last listener goes
        if out is not None:
            data_bytes = out.tell() - len(wav_header(format, 0))
            out.seek(0)
            out.write(wav_header(format, data_bytes))
            out.close()


def main():
    parser = argparse.ArgumentParser(description="A Lavalier consumer in Python.")
    add_server_options(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("devices")
    recording = commands.add_parser("record")
    recording.add_argument("--device", default="", metavar="ID", help="default: the server's")
    recording.add_argument("--format", type=audio_format, metavar="RATE/CHANNELS/ENCODING",
                           help="as 16000/1/f32le; default: as captured")
    recording.add_argument("--seconds", type=float, default=5)
    recording.add_argument("file", metavar="FILE.wav")
    args = parser.parse_args()
    try:
        with connect(args) as channel:
            stub = rpc.AudioCaptureStub(channel)
            if args.command == "devices":
                list_devices(stub)
            else:
                record(stub, args.device, args.format, args.seconds, args.file)
    except grpc.RpcError as error:
        sys.exit(error.details())


if __name__ == "__main__":
    main()
