"""Receives frames of a server whose machine is suspended for 60 s, or whose wall clock is set.

Prints the number of frames that pull() drops, for each of: a suspension, the wall clock set forward
and back, and frames that waited for 60 s.
"""
from lavalier.v1 import audio_capture_pb2 as pb
from pull import pull

SECOND = 1_000_000_000
FRAMES = 200
RATE_HZ = 48_000
FRAME_SIZE = 960


class Server:
    """Sends frames of 20 ms. At frame 100 the clocks change."""

    def __init__(self, steady_pause=0, wall_step=0, delay=0):
        self.steady_pause = steady_pause  # for which the server's steady clock stops
        self.wall_step = wall_step
        self.delay = delay  # of the frames after the change
        self.now = 0  # of the client's steady clock

    def PullFrames(self, requests):
        server = self

        class Call:
            def __iter__(self):
                return server.messages()

            def cancel(self):
                pass

        return Call()

    def messages(self):
        yield pb.StreamFramesResponse(started=pb.StreamStarted(
            frame_size=FRAME_SIZE, max_latency_ms=100, format=pb.AudioFormat(sample_rate_hz=RATE_HZ)))
        steady = 1_000 * SECOND
        wall = 1_700_000_000 * SECOND
        for i in range(FRAMES):
            if i == FRAMES // 2:
                self.now += self.steady_pause + self.delay
                wall += self.steady_pause + self.wall_step
            self.now += SECOND // 50
            steady += SECOND // 50
            wall += SECOND // 50
            yield pb.StreamFramesResponse(frame=pb.AudioFrame(
                sample_index=i * FRAME_SIZE, read_time_steady_nanos=steady, capture_time_unix_nanos=wall))


def dropped(server):
    frames = list(pull(server, pb.StreamFramesRequest(), clock=lambda: server.now))
    return FRAMES - len(frames)


print(dropped(Server(steady_pause=60 * SECOND)),
      dropped(Server(wall_step=3_600 * SECOND)),
      dropped(Server(wall_step=-SECOND // 3)),
      dropped(Server(delay=60 * SECOND)))
