"""Costs a server as much memory or work as a caller with a valid token can.

Usage: hostile_caller.py KIND ADDRESS CA_FILE SECONDS NUMBER, with the token in LAVALIER_TOKEN.

NUMBER distinguishes the callers that attack at the same time. The program prints "ready", and attacks
when it has read a line. It stops SECONDS after the first answer of the server, or if there is no
server. Then it prints one line with what happened.
"""
import collections
import itertools
import os
import ssl
import sys
import time

from encoder_requests import encoded
from http2_peer import MAX_WINDOW, Http2Peer, Statistics, message, wait
from lavalier.v1 import audio_capture_pb2 as pb
from web_peer import ROLES, WebPeer

SERVICE = "/lavalier.v1.AudioCapture/"
HEALTH_WATCH = "/grpc.health.v1.Health/Watch"
DEVICE = "tone"
OTHER_DEVICE = "hall"  # only the attack uses it, so its state changes with each subscription
RATE_HZ = 48_000
MAX_PCM_BYTES = 1_047_552  # of one frame
MAX_LATENCY_MS = 60_000
MAX_STREAMS = 500  # of one identity, by default
RATES_HZ = (96_000, 88_200, 44_100, 32_000, 24_000)
START_TIMEOUT_S = 20
MAX_CONNECTIONS = 2_000  # in one attack
MAX_RESETS = 900  # of one connection; the server closes it at 1,000
PACED_CALLS_PER_S = 400  # of the attacks with memory, whose calls are refused in the end


def varied(count, limit):
    """Returns a channel map; the first `limit` values of `count` choose different ones."""
    return [count // 3**(i % 10) % 3 for i in range(limit)]


class Attack:
    """Base class of the kinds: some connections, and what each of them does again and again."""

    connections = 2
    paced = False
    peer = Http2Peer

    def __init__(self, number):
        self.number = number
        self.counter = itertools.count()
        self.started_at = None
        self.opened = 0

    def peer_options(self, index):
        """Returns the options of a connection."""
        return {}

    def step(self, peer, index):
        """Does a little work on a connection."""

    def distinct(self):
        """Returns a number that no other call of any caller has."""
        return next(self.counter) * 16 + self.number

    def top_up(self, peer, limit, start):
        """Starts calls until `limit` are open, a few at a time."""
        allowed = sys.maxsize
        if self.paced:
            allowed = MAX_STREAMS + (time.monotonic() - self.started_at) * PACED_CALLS_PER_S - self.opened
        for _ in range(int(min(20, limit - len(peer.calls), allowed))):
            if start(peer) is None:
                return
            self.opened += 1


def stream(peer, request):
    return peer.call(SERVICE + "StreamFrames", request.SerializeToString())


def pull(peer, request, credit=0, half_close=False):
    body = pb.PullFramesRequest(subscribe=request, credit=credit).SerializeToString()
    return peer.call(SERVICE + "PullFrames", body, half_close)


def wide(count, channels, frame_size=None):
    """Returns a request of 96 kHz F32LE with many channels, each count with another map."""
    largest = min(96_000, MAX_PCM_BYTES // (4 * channels))
    return pb.StreamFramesRequest(
        device_id=DEVICE,
        frame_size=frame_size or largest,
        format=pb.AudioFormat(encoding=pb.SAMPLE_ENCODING_F32LE, sample_rate_hz=96_000),
        channel_map=varied(count, channels),
        max_latency_ms=MAX_LATENCY_MS)


class FrameSizes(Attack):
    """Memory: each stream has a frame size of its own, so the server keeps its frames separately."""

    paced = True

    def start(self, peer):
        count = self.distinct()
        request = pb.StreamFramesRequest(
            device_id=DEVICE, frame_size=RATE_HZ - count % (RATE_HZ - 3_000), max_latency_ms=MAX_LATENCY_MS)
        return pull(peer, request) if count % 32 < 16 else stream(peer, request)

    def step(self, peer, index):
        self.top_up(peer, MAX_STREAMS // 2, self.start)


class WideFormats(Attack):
    """Memory: the largest frames of the widest formats, of different sizes."""

    paced = True

    def start(self, peer):
        turn = next(self.counter)
        channels = (64, 4)[turn % 2]
        largest = MAX_PCM_BYTES // (4 * channels)
        request = wide(turn // 2 % 4, channels, largest - (turn * 16 + self.number) % (largest // 2))
        return pull(peer, request) if turn % 4 < 2 else stream(peer, request)

    def step(self, peer, index):
        self.top_up(peer, MAX_STREAMS // 2, self.start)


class UnreadFrames(Attack):
    """Memory: long frames that the caller does not read. One connection has closed windows, and the
    other one is not read at all."""

    paced = True

    def peer_options(self, index):
        return {"window": 0} if index == 0 else {"reads": False}

    def start(self, peer):
        if next(self.counter) % 2:
            return stream(peer, wide(0, 4))
        return stream(peer, pb.StreamFramesRequest(
            device_id=DEVICE, frame_size=RATE_HZ, max_latency_ms=MAX_LATENCY_MS))

    def step(self, peer, index):
        self.top_up(peer, MAX_STREAMS // 2, self.start)


class Watches(Attack):
    """Memory: watches of all devices and of health, half of them unread, while a device opens and
    closes."""

    connections = 7
    paced = True

    def peer_options(self, index):
        return {"window": 0 if index % 2 else MAX_WINDOW}

    def start(self, peer):
        count = self.distinct()
        if count % 48 < 16:
            return peer.call(SERVICE + "WatchDevices", b"")
        name = f"lavalier.v1.AudioCapture/{count:0100d}".encode()  # each watch of a name of its own
        if count % 48 < 32:
            name = f"lavalier.v1.AudioCapture/{OTHER_DEVICE}".encode()
        return peer.call(HEALTH_WATCH, b"\x0a" + bytes((len(name),)) + name)

    def step(self, peer, index):
        if index == 0:
            self.top_up(peer, 2, lambda each: pull(
                each, pb.StreamFramesRequest(device_id=OTHER_DEVICE, frame_size=480), 1, half_close=True))
        else:
            self.top_up(peer, 95, self.start)  # an identity can have 600 calls of any kind


class Conversions(Attack):
    """Work: as many different conversions as the server accepts, in both methods, hardly read."""

    paced = True

    def peer_options(self, index):
        return {"window": 65_535}

    def start(self, peer):
        count = self.distinct()
        turn = count // 16
        request = pb.StreamFramesRequest(
            device_id=DEVICE,
            format=pb.AudioFormat(encoding=1 + turn % 4, sample_rate_hz=RATES_HZ[turn // 2 % len(RATES_HZ)]),
            channel_map=varied(count, (64, 4)[turn % 2]),
            max_latency_ms=MAX_LATENCY_MS)
        return pull(peer, request, credit=turn % 2) if turn % 3 else stream(peer, request)

    def step(self, peer, index):
        self.top_up(peer, 64, self.start)


class TinyFrames(Attack):
    """Work: streams whose frames have only a few samples, which the caller reads."""

    connections = 4

    def start(self, peer):
        frame_size = 1 + next(self.counter) // 32 % 4
        return stream(peer, pb.StreamFramesRequest(
            device_id=DEVICE, frame_size=frame_size, max_latency_ms=MAX_LATENCY_MS))

    def step(self, peer, index):
        self.top_up(peer, 32, self.start)


class Replays(Attack):
    """Work: conversions of earlier audio, again and again from the beginning."""

    connections = 4

    def start(self, peer):
        turn = next(self.counter)
        rate = RATES_HZ[turn % 3]
        request = pb.StreamFramesRequest(
            device_id=DEVICE,
            frame_size=rate // 100,
            format=pb.AudioFormat(encoding=pb.SAMPLE_ENCODING_S24LE, sample_rate_hz=rate),
            channel_map=[2, 1, 0, 1],
            preroll_ms=MAX_LATENCY_MS)
        return pull(peer, request, credit=300, half_close=True)  # ends after 3 s of earlier audio

    def step(self, peer, index):
        self.top_up(peer, 32, self.start)


class EmptyMessages(Attack):
    """Work: floods of the shortest messages, half of which the server has to reject."""

    connections = 8
    FLOODS = (message(pb.PullFramesRequest(credit=1).SerializeToString()) * 2_000, message(b"") * 3_000)

    def step(self, peer, index):
        self.top_up(peer, 8, lambda each: pull(each, pb.StreamFramesRequest(device_id=DEVICE)))
        flood = self.FLOODS[index % 2]
        for each in list(peer.calls):
            peer.send(each, flood)


class Churn(Attack):
    """Work: streams that end as soon as they have begun, each with another conversion and frame size."""

    connections = 4

    def __init__(self, number):
        super().__init__(number)
        self.running = collections.deque()

    def start(self, peer):
        count = self.distinct()
        turn = count // 16
        request = pb.StreamFramesRequest(
            device_id=DEVICE,
            frame_size=1 + count % 4_000,
            format=pb.AudioFormat(encoding=1 + turn % 4, sample_rate_hz=RATES_HZ[turn % len(RATES_HZ)]),
            channel_map=varied(count, 1 + turn % 4))
        if turn % 2:
            # Without credit, the call ends at once.
            return pull(peer, request, credit=turn % 8 // 7, half_close=True)
        started = stream(peer, request)
        if started:
            self.running.append((peer, started))
        return started

    def step(self, peer, index):
        self.top_up(peer, 100, self.start)
        while len(self.running) > 20:
            cancelled, call = self.running.popleft()
            cancelled.cancel(call)
        if peer.resets >= MAX_RESETS:
            peer.close("replaced by a new connection")


class Web(Attack):
    """Memory and work: the web port, by all roles of web_peer.py at the same time."""

    connections = 8 * len(ROLES)
    peer = WebPeer

    def peer_options(self, index):
        return {"role": index % len(ROLES)}

    def step(self, peer, index):
        peer.step()


class Encoders(Churn):
    """Work: as many different encoders as the server accepts. Each connection keeps 50 streams, and ends
    others as soon as they have begun."""

    def start(self, peer):
        started = stream(peer, encoded(DEVICE, self.distinct() * 7 % 3_001))
        if started and len(peer.calls) > 50:
            self.running.append((peer, started))
        return started


KINDS = {
    "frame-sizes": FrameSizes,
    "wide-formats": WideFormats,
    "unread-frames": UnreadFrames,
    "watches": Watches,
    "conversions": Conversions,
    "tiny-frames": TinyFrames,
    "replays": Replays,
    "empty-messages": EmptyMessages,
    "churn": Churn,
    "web": Web,
    "encoders": Encoders,
}


def run(attack, connect, seconds, statistics):
    """Attacks for some seconds from the first answer."""
    attack.started_at = time.monotonic()
    deadline = attack.started_at + START_TIMEOUT_S
    peers = [None] * attack.connections
    answered = False
    while time.monotonic() < deadline:
        for index, peer in enumerate(peers):
            if peer is None or peer.closed:
                peers[index] = peer = connect(**attack.peer_options(index))
                if peer is None:
                    continue
            attack.step(peer, index)
            peer.pump()
        if not answered and statistics.answered:
            answered = True
            deadline = time.monotonic() + seconds
        wait(peers, 0.01)


def spin(seconds):
    """Uses a processor, and no server: the control."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pass
    print("attempted 0")


def main():
    kind, address, ca, seconds, number = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    if kind == "control":
        spin(float(seconds))
        return
    host, port = address.rsplit(":", 1)
    attack = KINDS[kind](int(number))
    tls = ssl.create_default_context(cafile=ca)
    tls.set_alpn_protocols(["h2" if attack.peer is Http2Peer else "http/1.1"])
    statistics = Statistics()

    def connect(**options):
        """Returns a connection, or None if the server does not complete the handshake in time."""
        if statistics.connections + statistics.failures >= MAX_CONNECTIONS:
            return None
        try:
            return attack.peer(host, int(port), tls, os.environ["LAVALIER_TOKEN"], statistics, **options)
        except ConnectionRefusedError:
            raise
        except OSError:
            statistics.failures += 1
            return None

    failure = ""
    try:
        run(attack, connect, float(seconds), statistics)
    except ConnectionRefusedError:
        failure = ", the server has ended"
    ends = ", ".join(f"{count} {name}" for name, count in statistics.ends.most_common())
    texts = "; ".join(f"{name}: {text}" for name, text in statistics.messages.items())
    print(f"attempted {statistics.calls}, served {statistics.served},"
          f" over {statistics.connections} connections, {statistics.failures} failed,"
          f" received {statistics.data_frames} frames and {statistics.bytes >> 20} MiB;"
          f" ended: {ends} ({texts}){failure}")


main()
