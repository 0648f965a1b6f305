"""A client of PullFrames in a few lines: it has all credit at once, and reads what the socket has."""
import select
import socket
import time

import web

PCM, OPUS, FLAC = 1, 2, 3
STARTED, FRAME = 1, 2  # fields of a response
PCM_BYTES, SAMPLE_INDEX, GAP, READ_NANOS, PACKET = 1, 2, 4, 6, 7  # fields of a frame


def number(field, value):
    return web.varint(field << 3) + web.varint(value)


def text(field, value):
    return web.varint(field << 3 | 2) + web.varint(len(value)) + value


def request(device, frame_size, codec=PCM, bitrate=0, max_latency_ms=0):
    """Returns a PullFramesRequest that grants all credit."""
    subscribe = (text(1, device.encode()) + number(2, frame_size) + number(4, max_latency_ms)
                 + number(17, codec) + number(18, bitrate))
    return text(1, subscribe) + web.credit(web.ALL_CREDIT)


def fields(message):
    """Returns the fields of a message: a number or bytes by field number."""
    position, result = 0, {}

    def read():
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while position < len(message):
        key = read()
        value = read()
        if key & 7 == 2:
            value, position = message[position:position + value], position + value
        result[key >> 3] = value
    return result


class Stream(web.Grpc):
    """A call on a connection of its own. Counts the bytes and the frames that arrive."""

    def __init__(self, port, body):
        super().__init__(port, body)
        self.body = b""
        self.bytes = 0

    def read(self):
        """Reads what has arrived. Returns the complete responses."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed a call")
        self.bytes += len(data)
        self.received += data
        position = 0
        while (part := self.next_part(position)) and part[0] <= len(self.received):
            if self.received[position + 3] == 0:
                self.body += self.received[position + 9:part[0]]
            position = part[0]
        self.received = self.received[position:]
        responses, at = [], 0
        while len(self.body) >= at + 5 and len(self.body) >= (end := at + 5 + int.from_bytes(self.body[at + 1:at + 5], "big")):
            responses.append(self.body[at + 5:end])
            at = end
        self.body = self.body[at:]
        return responses


def read_all(streams, until, on_response):
    """Reads all streams until a time."""
    poll = select.epoll()
    by_descriptor = {stream.socket.fileno(): stream for stream in streams}
    for descriptor in by_descriptor:
        poll.register(descriptor, select.EPOLLIN)
    while (left := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(left):
            for response in by_descriptor[descriptor].read():
                on_response(response)
    poll.close()


def close(streams):
    for stream in streams:
        stream.socket.shutdown(socket.SHUT_RDWR)
        stream.socket.close()
