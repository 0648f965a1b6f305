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
import math
import os
import signal
import struct
import sys

import grpc

from lavalier.v1 import audio_capture_pb2 as pb
from lavalier.v1 import audio_capture_pb2_grpc as rpc

BYTES_PER_VALUE = {pb.SAMPLE_ENCODING_S16LE: 2, pb.SAMPLE_ENCODING_S24LE: 3, pb.SAMPLE_ENCODING_S32LE: 4,
                   pb.SAMPLE_ENCODING_F32LE: 4}
MAX_LATENCY_MS = 60_000  # the longest queue: a recorder prefers late audio to lost audio
SIZE_IN_DS64 = 0xFFFFFFFF


class Parser(argparse.ArgumentParser):
    """Reports wrong usage in one line."""

    def error(self, message):
        self.exit(2, message.replace("argument ", "", 1) + "\n")


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


def positive_seconds(text):
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text} (expected: a number of seconds, more than 0)")
    return seconds


def list_devices(stub):
    for device in stub.ListDevices(pb.ListDevicesRequest()).devices:
        capture = device.capture_format
        print(f"{'*' if device.is_default else ' '} {device.device_id}: {device.description or device.name}, "
              f"{capture.sample_rate_hz} Hz, {capture.channel_count} channels")


def wav_header(format, data_bytes):
    """Returns the header of a WAV file. Python's wave module cannot write floats.

    Beyond 4 GiB it is that of an RF64 file: the chunk JUNK reserves the space for the 64-bit sizes (EBU Tech 3306)."""
    width = BYTES_PER_VALUE[format.encoding]
    bytes_per_sample = width * format.channel_count
    is_float = format.encoding == pb.SAMPLE_ENCODING_F32LE
    fmt = struct.pack("<HHIIHH", 3 if is_float else 1, format.channel_count, format.sample_rate_hz,
                      format.sample_rate_hz * bytes_per_sample, bytes_per_sample, 8 * width)
    if is_float:
        fmt += struct.pack("<H", 0)  # the size of the extension, which readers require
    riff_bytes = 4 + 8 + 28 + 8 + len(fmt) + 8 + data_bytes + data_bytes % 2
    large = riff_bytes >= SIZE_IN_DS64
    sizes = (riff_bytes, data_bytes, data_bytes // bytes_per_sample) if large else (0, 0, 0)
    return (struct.pack("<4sI4s", b"RF64" if large else b"RIFF", SIZE_IN_DS64 if large else riff_bytes, b"WAVE")
            + struct.pack("<4sIQQQI", b"ds64" if large else b"JUNK", 28, *sizes, 0)
            + struct.pack("<4sI", b"fmt ", len(fmt)) + fmt
            + struct.pack("<4sI", b"data", SIZE_IN_DS64 if large else data_bytes))


class WavFile:
    """Writes a WAV file. The header is updated every second of audio, so that the recording of a killed process is
    complete except for the last second."""

    def __init__(self, path, format):
        self.format = format
        self.bytes_per_sample = BYTES_PER_VALUE[format.encoding] * format.channel_count
        self.header_bytes = len(wav_header(format, 0))
        self.next_header_at = 0
        self.file = open(path, "wb")
        self.write_header()

    def write(self, pcm):
        self.file.write(pcm)
        if self.file.tell() >= self.next_header_at:
            self.write_header()

    def write_silence(self, samples):
        while samples > 0:
            count = min(samples, self.format.sample_rate_hz)
            self.write(bytes(count * self.bytes_per_sample))
            samples -= count

    def write_header(self):
        end = self.file.seek(0, os.SEEK_END)
        self.file.seek(0)
        self.file.write(wav_header(self.format, max(0, end - self.header_bytes)))
        self.file.seek(0, os.SEEK_END)
        self.file.flush()
        self.next_header_at = end + self.format.sample_rate_hz * self.bytes_per_sample

    def close(self):
        with self.file:
            self.write_header()
            if self.file.tell() % 2 == 1:  # chunks are padded to even lengths
                self.file.write(b"\0")


def record(stub, device_id, wanted, seconds, path):
    call = stub.StreamFrames(pb.StreamFramesRequest(device_id=device_id, format=wanted, max_latency_ms=MAX_LATENCY_MS))
    remaining = None  # samples per channel still to record; None until the stream has started
    out = None
    try:
        for message in call:
            kind = message.WhichOneof("message")
            if kind == "started" and out is None:
                out = WavFile(path, message.started.format)
                remaining = round(seconds * out.format.sample_rate_hz)
            elif kind == "frame":
                frame = message.frame
                if frame.HasField("gap"):
                    print(f"gap: {frame.gap.sample_count} samples, filled with silence", file=sys.stderr)
                    missing = min(remaining, frame.gap.sample_count)
                    out.write_silence(missing)
                    remaining -= missing
                pcm = frame.pcm[:remaining * out.bytes_per_sample]
                out.write(pcm)
                remaining -= len(pcm) // out.bytes_per_sample
                if remaining == 0:
                    return
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # the rest takes no time
        call.cancel()  # after its last subscriber, the server closes the microphone
        if out is not None:
            out.close()


def exit_on_signals():
    """Turns Ctrl-C and SIGTERM into an exit that finishes the file."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: sys.exit(128 + received))


def main():
    parser = Parser(description="Lists the devices of a Lavalier server, or records one of them.")
    add_server_options(parser)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("devices", help="list the devices")
    recording = commands.add_parser("record", help="record a device to a WAV file")
    recording.add_argument("--device", default="", metavar="ID",
                           help="device to record (default: the server's default device)")
    recording.add_argument("--format", type=audio_format, metavar="RATE/CHANNELS/ENCODING",
                           help="format to request, such as 16000/1/f32le (default: as captured)")
    recording.add_argument("--seconds", type=positive_seconds, default=5, metavar="S",
                           help="length of the recording in seconds (default: 5)")
    recording.add_argument("file", metavar="FILE.wav", help="file to write")
    args = parser.parse_args()
    exit_on_signals()
    try:
        with connect(args) as channel:
            stub = rpc.AudioCaptureStub(channel)
            if args.command == "devices":
                list_devices(stub)
            else:
                record(stub, args.device, args.format, args.seconds, args.file)
    except grpc.RpcError as error:
        sys.exit(error.details())
    except OSError as error:
        sys.exit(f"{error.filename or args.file}: {error.strerror}")


if __name__ == "__main__":
    main()
