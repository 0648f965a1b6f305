#!/usr/bin/env python3
"""Compares the server's CPU per frame of PullFrames over WebSocket with that over gRPC.

One server sends 640 bytes every 20 ms to N clients, each on a connection of its own: in turn over WebSocket and over gRPC, in
pairs. One thread of this program reads for all clients. With --window K, a client has up to K credits and grants one for
each frame that it gets. With --window 0, it grants all credit at once, and sends nothing afterwards except pongs.

usage: web.py [--clients 100] [--seconds 10] [--warm 4] [--rounds 5] [--window 4] [--java java] [-- JAVA_OPTION...]
"""
import argparse
import os
import select
import socket
import statistics
import sys
import time

import programs
from peers import measure

METHOD = "lavalier.v1.AudioCapture/PullFrames"
PERIOD, FRAME_BYTES, ALL_CREDIT = 0.02, 640, 2**31 - 1
SUBSCRIBE = b"\x0a\x03\x10\xc0\x02"  # subscribe { frame_size: 320 }


def varint(value):
    encoded = b""
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


def credit(count):
    """Returns the field credit of a PullFramesRequest."""
    return b"\x10" + varint(count)


class Client:
    """One call on one connection, which never blocks after its start."""

    def __init__(self, port, start):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(start)
        self.received = b""

    def read(self):
        """Reads what has arrived. Returns the number of frames of audio in it."""
        data = self.socket.recv(1 << 16)
        if not data:
            sys.exit(f"{type(self).__name__}: the server closed a call (expected: {METHOD} until the end)")
        self.received += data
        position = frames = 0
        while part := self.next_part(position):
            end, frame = part
            if end > len(self.received):
                break
            position, frames = end, frames + frame
        self.received = self.received[position:]
        return frames


class Web(Client):
    def __init__(self, port, request):
        super().__init__(port, f"GET /{METHOD} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                         "Sec-WebSocket-Protocol: lavalier.v1\r\n\r\n".encode())
        response = b""
        while not response.endswith(b"\r\n\r\n"):
            response += self.socket.recv(1)
        if b" 101 " not in response.splitlines()[0]:
            sys.exit(f"response: {response.splitlines()[0].decode()} (expected: 101)")
        self.send(request)

    def send(self, message, opcode=2):
        mask = b"\0\0\0\0"  # with this mask, the payload stays as it is
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(message)]) + mask + message)

    def next_part(self, at):
        if len(self.received) < at + 4:
            return None
        opcode, size, begin = self.received[at] & 15, self.received[at + 1], at + 2
        if size == 126:
            size, begin = int.from_bytes(self.received[at + 2:at + 4], "big"), at + 4
        if opcode == 9:
            self.send(self.received[begin:begin + size], 10)
        return begin + size, opcode == 2 and size >= FRAME_BYTES


class Grpc(Client):
    def __init__(self, port, request):
        super().__init__(port, measure.http2_request(METHOD, self.prefixed(request), end_stream=False))

    @staticmethod
    def prefixed(message):
        return b"\0" + len(message).to_bytes(4, "big") + message

    def send_frame(self, kind, flags, stream, payload):
        self.socket.sendall(len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload)

    def send(self, message):
        self.send_frame(0, 0, 1, self.prefixed(message))

    def next_part(self, at):
        if len(self.received) < at + 9:
            return None
        size, kind, flags = int.from_bytes(self.received[at:at + 3], "big"), self.received[at + 3], self.received[at + 4]
        end = at + 9 + size
        if kind == 6 and flags == 0 and end <= len(self.received):
            self.send_frame(6, 1, 0, self.received[at + 9:end])
        # A DATA frame has one message, or several of about the same size.
        return end, size // FRAME_BYTES if kind == 0 else 0


def serve(clients, until, window):
    """Reads, and grants credit, until a time. Returns the number of frames."""
    poll = select.epoll()
    for client in clients:
        poll.register(client.socket, select.EPOLLIN)
    by_descriptor = {client.socket.fileno(): client for client in clients}
    total = 0
    while (left := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left):
            client = by_descriptor[descriptor]
            frames = client.read()
            if frames and window:
                client.send(credit(frames))
            total += frames
    poll.close()
    return total


def cpu_seconds(pid):
    """Returns the user and system time of a process, to the nanosecond (Linux: its CPU clock)."""
    return time.clock_gettime(~pid << 3 | 2)


def cost(kind, port, pid, args, warm):
    """Returns microseconds of the server per frame."""
    request = SUBSCRIBE + credit(args.window or ALL_CREDIT)
    clients = [kind(port, request) for _ in range(args.clients)]
    serve(clients, time.monotonic() + warm, args.window)
    began, used = time.monotonic(), cpu_seconds(pid)
    frames = serve(clients, began + args.seconds, args.window)
    used, took = cpu_seconds(pid) - used, time.monotonic() - began
    for client in clients:
        client.socket.close()
    expected = args.clients * took / PERIOD
    if frames < 0.98 * expected:
        sys.exit(f"{kind.__name__} frames: {frames} (expected: at least 98 % of {expected:.0f})")
    return used * 1e6 / frames


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=4, help="seconds before each measurement; five times as many before the first")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=int, default=4, help="credits of a client; 0: all credit at once")
    parser.add_argument("--java", default="java")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    os.environ["LAVALIER_WEB_PORT"] = "0"
    with programs.server(args.java, *args.options) as (process, address):
        web = int(process.stdout.readline().split()[-1].rstrip("/").rsplit(":", 1)[1])
        kinds = [(Web, web), (Grpc, int(address.rsplit(":", 1)[1]))]
        for kind, port in kinds:
            cost(kind, port, process.pid, args, args.warm * 5)
        ratios = []
        for index in range(args.rounds):
            pair = {kind: cost(kind, port, process.pid, args, args.warm) for kind, port in kinds[::1 if index % 2 else -1]}
            ratios.append(pair[Web] / pair[Grpc])
            print(f"round {index + 1}: WebSocket {pair[Web]:.2f} us per frame, gRPC {pair[Grpc]:.2f}, ratio {ratios[-1]:.3f}, "
                  f"load {os.getloadavg()[0]:.1f}", flush=True)
        print(f"WebSocket/gRPC: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
