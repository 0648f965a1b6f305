"""Reads a stream; prints the sample index, the gap and the age of each frame, until it is killed."""
import sys
import time

import lavalier

with lavalier.connect(sys.argv[1]) as server, server.stream("tone", format="16000/1/s16le") as stream:
    for frame in stream:
        gap = frame.gap.sample_count if frame.gap else 0
        print(frame.sample_index, gap, time.time() - frame.time, flush=True)
