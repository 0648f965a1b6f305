#!/usr/bin/env python3
"""Plays clicks into a PulseAudio daemon, and measures how much later than parec a Python gRPC consumer gets them.

usage: clicks.py [--seconds 30] [--rounds 1] [--frames 5,10,20] [--periods 5,10] [--parec-ms MS]
                 [--pulse-ms MS] [--server JAR] [--java java]

Needs the built server, the stubs of client/examples/python in PYTHONPATH, pulseaudio, pulseaudio-utils and python3-grpcio.
"""
import argparse
import bisect
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time

import listeners
import programs
import pulse

LEAD_SECONDS = 5  # after the first click, before the measurement
CLICKS_PER_SECOND = 20
MAX_SECONDS = 0xffff // CLICKS_PER_SECOND - LEAD_SECONDS  # the number of a click has 16 bits


def write_clicks(path, seconds):
    """Writes audio with a click at a random place of each 50 ms. It contains its number, counted from 1."""
    slot = listeners.RATE // CLICKS_PER_SECOND
    with open(path, "wb") as file:
        for number in range(1, seconds * CLICKS_PER_SECOND + 1):
            before = random.randrange(slot)
            file.write(bytes(listeners.BYTES * before) + listeners.LEFT.to_bytes(2, "little")
                       + number.to_bytes(2, "little") + bytes(listeners.BYTES * (slot - before - 1)))


def listen(environment, *arguments):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "listeners.py")
    return subprocess.Popen([sys.executable, path, *map(str, arguments)], env=environment,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(environment, address, frame_ms, parec_ms, clicks):
    """Listens with both while the clicks are played. Returns the measurements of both."""
    listening = [listen(environment, "grpc", address, frame_ms * listeners.RATE // 1000),
                 listen(environment, "parec", parec_ms)]
    time.sleep(3)  # until both receive silence
    subprocess.run(["pacat", "--playback", "--raw", f"--rate={listeners.RATE}", "--channels=2", "--format=s16le",
                    clicks], env=environment, check=True)
    return [json.loads(process.communicate()[0]) for process in listening]


def measure(heard, parec):
    """Pairs the clicks. Returns milliseconds by name: a list for each."""
    ends = [end for end, _ in parec["reads"]]
    by_number = {number: (position, at) for number, position, at in parec["clicks"]}
    first = LEAD_SECONDS * CLICKS_PER_SECOND
    result = {"click": [], "audio": [], "held": [], "sent": []}
    for number, to_end, index in heard["clicks"]:
        at, read = heard["frames"][index]
        if number <= first or number not in by_number:
            continue
        position, click_at = by_number[number]
        there = bisect.bisect_left(ends, position + to_end)  # the read that completed the same audio
        if there == len(ends):
            continue
        audio_at = parec["reads"][there][1]
        result["click"].append((at - click_at) / 1e6)
        result["audio"].append((at - audio_at) / 1e6)
        result["held"].append((read - audio_at) / 1e6)
        result["sent"].append((at - read) / 1e6)
    times = [at for at, _ in heard["frames"]]
    begin = heard["frames"][next(index for number, _, index in heard["clicks"] if number > first)][0]
    reads = [read for _, read in heard["frames"]]
    result["interval"] = [(b - a) / 1e6 for a, b in zip(times, times[1:]) if a >= begin]
    result["read interval"] = [(b - a) / 1e6 for a, b in zip(reads, reads[1:]) if a >= begin]
    parec_times = [at for _, at in parec["reads"]]
    result["parec interval"] = [(b - a) / 1e6 for a, b in zip(parec_times, parec_times[1:]) if a >= begin]
    return result


def quantile(values, q):
    return sorted(values)[min(len(values) - 1, int(q * len(values)))]


SHOWN = {
    "click": "the click, after parec",
    "audio": "the same audio as the frame, after parec",
    "held": "  of which until the server released it",
    "sent": "  of which until the consumer had it",
    "interval": "between frames at the consumer",
    "read interval": "between frames at the server",
    "parec interval": "between reads of parec",
}


def show(title, runs):
    """Prints the median of the runs, and their range in parentheses."""
    print(f"{title}: {sum(len(run['click']) for run in runs)} clicks")
    for name, label in SHOWN.items():
        columns = []
        for q in (.01, .5, .95, .99, 1):
            each = [quantile(run[name], q) for run in runs]
            spread = f" ({min(each):.2f}-{max(each):.2f})" if len(each) > 1 else ""
            columns.append(f"{'max' if q == 1 else f'p{q * 100:.0f}'} {statistics.median(each):.2f}{spread}")
        print(f"  {label:40} {'  '.join(columns)} ms", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30, help="of clicks in each run")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--frames", default="5,10,20", help="lengths of the frames in ms")
    parser.add_argument("--periods", default="5,10", help="values of --period-ms")
    parser.add_argument("--parec-ms", type=int, help="parec's --latency-msec (default: the length of a frame)")
    parser.add_argument("--pulse-ms", type=int, help="PULSE_LATENCY_MSEC of the servers (default: not set)")
    parser.add_argument("--server", default=programs.SERVER, help="the server's jar")
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    if not 1 <= args.seconds <= MAX_SECONDS:
        raise SystemExit(f"seconds: {args.seconds} (expected: 1..{MAX_SECONDS})")
    frames = [int(ms) for ms in args.frames.split(",")]
    periods = [int(ms) for ms in args.periods.split(",")]
    with pulse.daemon(sine=False) as environment, tempfile.TemporaryDirectory() as directory:
        clicks = os.path.join(directory, "clicks.raw")
        write_clicks(clicks, LEAD_SECONDS + args.seconds)
        servers = []
        try:
            for period in periods:
                servers.append(subprocess.Popen(
                    [args.java, "-jar", args.server, "--port", "0", "--period-ms", str(period)],
                    env=dict(environment, **({"PULSE_LATENCY_MSEC": str(args.pulse_ms)} if args.pulse_ms else {})),
                    text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
            addresses = [server.stdout.readline().strip().removeprefix(programs.READY) for server in servers]
            runs = {}
            for _ in range(args.rounds):
                for frame in frames:
                    for period, address in zip(periods, addresses):
                        heard, parec = run(environment, address, frame, args.parec_ms or frame, clicks)
                        title = f"{frame} ms frames, --period-ms {period}"
                        if heard["gaps"]:
                            raise SystemExit(f"{title}: {heard['gaps']} gaps (expected: none; is the machine busy?)")
                        runs.setdefault(title, []).append(measure(heard, parec))
            for title, measured in runs.items():
                show(title, measured)
        finally:
            for server in servers:
                server.terminate()
                server.wait()


if __name__ == "__main__":
    main()
