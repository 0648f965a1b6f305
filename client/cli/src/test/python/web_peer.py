"""The client side of HTTP/1.1 and WebSocket over TLS, reduced to what an attack on the web port needs.

Each connection has one role. It plays the role until the server closes the connection, and is then replaced.
"""
import itertools
import random
import re
import struct
import time

from http2_peer import MAX_WAITING_BYTES, TlsPeer
from lavalier.v1 import audio_capture_pb2 as pb

SERVICE = "/lavalier.v1.AudioCapture/"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FLOOD_BYTES = 1 << 16
PAUSE_S = 0.2  # before a short connection, so that the connections last as long as the attack
RATES_HZ = (96_000, 88_200, 44_100, 32_000, 24_000)
SUBSCRIBE = pb.PullFramesRequest(subscribe=pb.StreamFramesRequest(device_id="tone", max_latency_ms=5_000), credit=1)


def frame(opcode, payload=b"", final=True, announced=None):
    """Returns a frame with a mask of zeros."""
    size = len(payload) if announced is None else announced
    length = bytes((0x80 | size,)) if size < 126 else b"\xff" + struct.pack(">Q", size)
    return bytes((opcode | (0x80 if final else 0),)) + length + bytes(4) + payload


class WebPeer(TlsPeer):
    """A connection to the web port."""

    def __init__(self, host, port, tls, token, statistics, role):
        super().__init__(host, port, tls, statistics)
        self.upgraded = self.streams = False
        self._token = token
        self._moves = ROLES[role](self)
        self._wait_until = 0

    def step(self):
        """Lets the role do something, unless it waits."""
        if len(self._out) < MAX_WAITING_BYTES and time.monotonic() >= self._wait_until and not self.closed:
            self._wait_until = time.monotonic() + next(self._moves, 3600)

    def request(self, target, *headers):
        """Returns a request, and counts it as a call."""
        self.statistics.calls += 1
        self.calls[self.statistics.calls] = target
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self._token}", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def upgrade(self, method, version="Sec-WebSocket-Version: 13"):
        return self.request(SERVICE + method, "Upgrade: websocket", "Connection: Upgrade", version,
                            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Protocol: lavalier.v1")

    def send(self, data):
        self._out += data

    def end(self, name, line):
        self.statistics.ends[name] += 1
        self.statistics.messages.setdefault(name, line.partition("\n")[0][:120])
        if self.calls:
            self.calls.popitem()

    def _receive(self, data):
        self.statistics.bytes += len(data)
        if self.streams:
            return
        self._in += data
        while not self.closed and (self._on_web_socket() if self.upgraded else self._on_response()):
            pass

    def _on_response(self):
        head, separator, rest = self._in.partition(b"\r\n\r\n")
        if not separator:
            return False
        status = head.split(b" ", 2)[1].decode()
        if status == "101":
            self.statistics.served += 1
            self.upgraded, self._in = True, rest
            return True
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if not length:
            self.statistics.served += 1
            self.streams = True
            return False
        size = int(length[1])
        if len(rest) < size:
            return False
        self.end("HTTP " + status, rest[:size].decode("utf-8", "replace").strip())
        self._in = rest[size:]
        return True

    def _on_web_socket(self):
        if len(self._in) < 4:
            return False
        opcode, size, start = self._in[0] & 15, self._in[1], 2
        if size == 126:
            size, start = int.from_bytes(self._in[2:4], "big"), 4
        if len(self._in) < start + size:
            return False
        payload, self._in = self._in[start:start + size], self._in[start + size:]
        if opcode == CLOSE:
            self.end(f"close {int.from_bytes(payload[:2], 'big')}", payload[2:].decode("utf-8", "replace"))
            self.close("connection closed")
        elif opcode == PING:
            self.send(frame(PONG, payload))
        else:
            self.statistics.data_frames += 1
        return True


# The roles. Each yields how long it waits.

def wrong_message(peer):
    """A first message of text, one that is too large, one that is malformed, or two of them."""
    yield PAUSE_S
    peer.send(peer.upgrade("WatchDevices") + random.choice((
        frame(TEXT, b"subscribe"),
        frame(BINARY, bytes(100), announced=1 << 40),
        frame(BINARY, bytes(4_000), final=False) + frame(CONTINUATION, bytes(4_000)),
        frame(BINARY, b"\xff\xff\xff"),
        frame(BINARY) * 2)))


def wrong_request(peer):
    """Unknown paths, devices and formats, and upgrades that are none, again and again."""
    versions = ("Sec-WebSocket-Version: 8", "Sec-WebSocket-Version: 99\r\nSec-WebSocket-Version: 13")
    for turn in itertools.count():
        peer.send(random.choice((
            lambda: peer.request(f"/{turn}"),
            lambda: peer.request("/" + "%2e" * 1_400),
            lambda: peer.request(f"/devices/none-{turn}.wav"),
            lambda: peer.request(f"/devices/tone.wav?rate={turn % 8_000}"),
            lambda: peer.request(SERVICE + "PullFrames"),
            lambda: peer.upgrade("PullFrames", random.choice(versions))))())
        while peer.calls:
            yield 0


def garbage(peer):
    """Random bytes: instead of a request, instead of an upgrade, or instead of frames."""
    yield PAUSE_S
    starts = (b"", peer.request("/", "Upgrade: websocket", "Connection: Upgrade"), peer.upgrade("PullFrames"))
    peer.send(random.choice(starts) + random.randbytes(FLOOD_BYTES))


def slow_request(peer):
    """One byte in a second."""
    for byte in peer.request("/"):
        peer.send(bytes((byte,)))
        yield 1


def flood(peer):
    """Pings, pongs, empty parts and credits, as many as the server takes."""
    kind = random.choice((
        frame(PING, bytes(125)), frame(PONG), frame(CONTINUATION, final=False),
        frame(BINARY, pb.PullFramesRequest(credit=1).SerializeToString())))
    part = b"" if kind[0] else frame(BINARY, final=False)
    peer.send(peer.upgrade("PullFrames") + frame(BINARY, SUBSCRIBE.SerializeToString()) + part)
    while True:
        peer.send(kind * (FLOOD_BYTES // len(kind)))
        yield 0


def unread_socket(peer):
    """A WebSocket whose frames and pings the caller does not read."""
    peer.send(peer.upgrade("PullFrames") + frame(BINARY, SUBSCRIBE.SerializeToString())
              + frame(BINARY, pb.PullFramesRequest(credit=2**31 - 2).SerializeToString()))
    while not peer.upgraded:
        yield 0
    peer.reads = False


def unread_wav(peer):
    """A WAV stream that the caller does not read."""
    peer.send(peer.request("/devices/tone.wav?rate=96000&channels=2&encoding=f32le"))
    while not (peer.streams or peer.closed):
        yield 0
    peer.reads = False


def short_wav(peer):
    """A WAV stream of another format that ends as soon as it has begun."""
    yield PAUSE_S
    turn = peer.statistics.calls
    peer.send(peer.request(f"/devices/tone.wav?rate={RATES_HZ[turn % len(RATES_HZ)]}&channels={1 + turn % 2}"))
    while peer.calls and not peer.streams:
        yield 0
    peer.close("ended by the caller")


ROLES = [wrong_message, wrong_request, garbage, slow_request, flood, unread_socket, unread_wav, short_wav]
