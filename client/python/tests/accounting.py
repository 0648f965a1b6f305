"""Checks that no sample is lost without a gap."""
STALL = 2.5  # seconds: much more than the bound of 0.2 s and the delays of a busy machine
FRESH = 1.5  # seconds: no frame of before a stall is as recent


class Account:
    """Follows a stream: within an epoch, frames and gaps are complete."""

    def __init__(self):
        self.epoch = None
        self.following = None
        self.missing = 0
        self.received = 0
        self.causes = set()

    def add(self, stream, frame):
        start = stream.start
        missing = frame.gap.sample_count if frame.gap else 0
        if start.epoch == self.epoch:
            assert frame.sample_index == self.following + missing, (frame, self.following)
        self.epoch = start.epoch
        self.following = frame.sample_index + start.frame_size
        if self.received:
            self.missing += missing
            self.causes |= {part.cause for part in frame.gap.parts} if frame.gap else set()
        self.received += start.frame_size


def age(info, frame):
    """Returns the age of a frame in seconds, when the server answered. Both times are by the server's clock."""
    return (info.time_unix_nanos - frame.capture_time_unix_nanos) / 1e9
