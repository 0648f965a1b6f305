#!/usr/bin/env python3
"""Lists the devices of a Lavalier server, or records one of them to a WAV file.

It needs grpcio, and stubs generated from the contract (Debian: python3-grpcio, python3-grpc-tools).
From the top of the repository:

    mkdir -p build/python
    python3 -m grpc_tools.protoc -I proto/src/main/proto --python_out=build/python \
        --grpc_python_out=build/python lavalier/v1/audio_capture.proto
    PYTHONPATH=build/python python3 client/examples/python/record.py record --seconds 5 take.wav
    PYTHONPATH=build/python python3 client/examples/python/record.py record --format 16000/1/f32le speech.wav
"""
import argparse
import struct
import sys

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc

BYTES_PER_VALUE = {pb.SAMPLE_ENCODING_S16LE: 2, pb.SAMPLE_ENCODING_S24LE: 3, pb.SAMPLE_ENCODING_S32LE: 4,
                   pb.SAMPLE_ENCODING_F32LE: 4}


def add_server_options(parser):
    parser.add_argument("--server", default="127.0.0.1:50051", metavar="HOST:PORT",
                        help="address of the server (default: 127.0.0.1:50051)")
    parser.add_argument("--ca", metavar="FILE", help="use TLS, and trust the CA certificates in this PEM file")
    parser.add_argument("--token-file", metavar="FILE", help="file with the token to send; requires --ca")


def connect(args):
    if not args.ca:
        if args.token_file:
            sys.exit(f"token-file: {args.token_file} (expected: --ca as well; a token is not sent in plain text)")
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
        raise argparse.ArgumentTypeError(f"{text} (expected: RATE/CHANNELS/ENCODING, such as 16000/1/f32le; "
                                         "encodings s16le, s24le, s32le, f32le)")


def list_devices(stub):
    for device in stub.ListDevices(pb.ListDevicesRequest()).devices:
        capture = device.capture_format
        print(f"{'*' if device.is_default else ' '} {device.device_id}: {device.description or device.name}, "
              f"{capture.sample_rate_hz} Hz, {capture.channel_count} channels")


def wav_header(format, data_bytes):
    """Returns the header of a WAV file. Python's wave module cannot write floats."""
    width = BYTES_PER_VALUE[format.encoding]
    kind = 3 if format.encoding == pb.SAMPLE_ENCODING_F32LE else 1  # 3: IEEE float, 1: integers
    bytes_per_sample = width * format.channel_count
    return struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + data_bytes, b"WAVEfmt ", 16, kind, format.channel_count,
                       format.sample_rate_hz, format.sample_rate_hz * bytes_per_sample, bytes_per_sample,
                       8 * width, b"data", data_bytes)


def record(stub, device_id, wanted, seconds, path):
    call = stub.StreamFrames(pb.StreamFramesRequest(device_id=device_id, format=wanted))
    remaining = None  # samples per channel still to record; None until the stream has started
    out = None
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started" and out is None:
                format = message.started.format
                out = open(path, "wb")
                out.write(wav_header(format, 0))
                bytes_per_sample = BYTES_PER_VALUE[format.encoding] * format.channel_count
                remaining = round(seconds * format.sample_rate_hz)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    print(f"gap: {frame.gap.sample_count} samples, filled with silence", file=sys.stderr)
                    missing = min(remaining, frame.gap.sample_count)
                    out.write(bytes(missing * bytes_per_sample))
                    remaining -= missing
                pcm = frame.pcm[:remaining * bytes_per_sample]
                out.write(pcm)
                remaining -= len(pcm) // bytes_per_sample
                if remaining == 0:
                    return
    finally:
        call.cancel()  # after its last subscriber, the server closes the microphone
        if out is not None:
            data_bytes = out.tell() - len(wav_header(format, 0))
            out.seek(0)
            out.write(wav_header(format, data_bytes))
            out.close()


def main():
    parser = argparse.ArgumentParser(description="Lists the devices of a Lavalier server, or records one of them.")
    add_server_options(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("devices", help="list the devices")
    recording = commands.add_parser("record", help="record a device to a WAV file")
    recording.add_argument("--device", default="", metavar="ID",
                           help="device to record (default: the server's default device)")
    recording.add_argument("--format", type=audio_format, metavar="RATE/CHANNELS/ENCODING",
                           help="format to request, such as 16000/1/f32le (default: as captured)")
    recording.add_argument("--seconds", type=float, default=5, metavar="S",
                           help="length of the recording in seconds (default: 5)")
    recording.add_argument("file", metavar="FILE.wav", help="file to write")
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
