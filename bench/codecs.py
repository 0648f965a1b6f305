#!/usr/bin/env python3
"""Measures what a codec costs: CPU of the server, bytes on the wire and latency of one stream, and the CPU of many subscribers.

The server plays a voice in a loop. For each format, one subscriber at a time streams it as PCM, FLAC and Opus in frames of 20 ms:
  CPU      of the whole server, in percent of one core, and without a subscriber
  wire     bytes that the client's socket received, TCP payload: packets, messages, gRPC and HTTP/2
  latency  from the end of the server's read to the client, median and p99; Opus delays the sound by 6.5 ms more
--subscribers N then compares N subscribers of one device, 16 kHz mono, with PCM and with Opus, in pairs: CPU of the server per frame.
--encoders N compares the capture thread of a device, 48 kHz stereo, with one PCM stream alone and with N different Opus streams
beside it, in pairs: CPU of this thread per period of 10 ms.

usage: codecs.py [--seconds 20] [--rounds 3] [--warm 5] [--streams 1] [--subscribers 500] [--encoders 0] [--java java]
                 [-- JAVA_OPTION...]
Packages (Debian): espeak-ng python3-numpy.
"""
import argparse
import os
import statistics
import sys
import tempfile
import time

import programs
import sounds
import streams
import web

KINDS = {"PCM": (streams.PCM, 0), "FLAC": (streams.FLAC, 0), "Opus 64k": (streams.OPUS, 64_000)}
FRAMES_PER_S = 50
FIRST = 6  # times as long before the first measurement: the JVM compiles the code of Opus for half a minute


def one_stream(port, pid, rate, kind, args, warm):
    """Returns the percent of a core, the bits per second and the latencies in ms of one stream; without a kind, only the first."""
    if kind is None:
        calls = []
    else:
        codec, bitrate = KINDS[kind]
        calls = [streams.Stream(port, streams.request("voice", rate // FRAMES_PER_S, codec, bitrate))]
    latencies = []

    def on_response(response):
        frame = streams.fields(response).get(streams.FRAME)
        if frame:
            latencies.append(time.monotonic_ns() - streams.fields(frame)[streams.READ_NANOS])

    streams.read_all(calls, time.monotonic() + warm, on_response)
    latencies.clear()
    before = sum(call.bytes for call in calls)
    began, used = time.monotonic(), web.cpu_seconds(pid)
    streams.read_all(calls, began + args.seconds, on_response)
    used, took = web.cpu_seconds(pid) - used, time.monotonic() - began
    size = sum(call.bytes for call in calls) - before
    streams.close(calls)
    if kind and len(latencies) < 0.98 * took * FRAMES_PER_S:
        sys.exit(f"{kind} frames: {len(latencies)} (expected: at least 98 % of {took * FRAMES_PER_S:.0f})")
    return 100 * used / took, size * 8 / took, sorted(each / 1e6 for each in latencies)


def per_stream(rate, channels, directory, args):
    path = os.path.join(directory, f"{rate}.wav")
    sounds.write(path, sounds.speech(rate), rate, channels)
    flags = ["--wav", f"voice={path}", "--keep-open", "voice", "--history-ms", "100"]
    with programs.server(args.java, *args.options, capture=f"{rate}/{channels}/s16le", flags=flags) as (process, address):
        port = int(address.rsplit(":", 1)[1])
        for kind in KINDS:
            one_stream(port, process.pid, rate, kind, args, args.warm * FIRST)
        for index in range(args.rounds):
            for kind in [None, *KINDS]:
                cpu, bits, latencies = one_stream(port, process.pid, rate, kind, args, args.warm)
                line = f"{rate} Hz, {channels} channels, round {index + 1}: {kind or 'no subscriber'}: {cpu:.2f} % CPU"
                if kind:
                    line += (f", {bits / 1000:.1f} kbit/s, latency {statistics.median(latencies):.2f} ms, "
                             f"p99 {latencies[len(latencies) * 99 // 100]:.2f} ms")
                print(f"{line}, load {os.getloadavg()[0]:.1f}", flush=True)


def many(port, pid, kind, args, warm):
    """Returns microseconds of the server per frame."""
    codec, bitrate = KINDS[kind]
    body = streams.request("tone", 320, codec, bitrate)
    calls = [streams.Stream(port, body) for _ in range(args.subscribers)]
    frames = 0

    def on_response(_):
        nonlocal frames
        frames += 1

    streams.read_all(calls, time.monotonic() + warm, on_response)
    frames = 0
    began, used = time.monotonic(), web.cpu_seconds(pid)
    streams.read_all(calls, began + args.seconds, on_response)
    used, took = web.cpu_seconds(pid) - used, time.monotonic() - began
    streams.close(calls)
    expected = args.subscribers * took * FRAMES_PER_S
    if frames < 0.98 * expected:
        sys.exit(f"{kind} frames: {frames} (expected: at least 98 % of {expected:.0f})")
    return used * 1e6 / frames


def fan_out(args):
    with programs.server(args.java, *args.options) as (process, address):
        port = int(address.rsplit(":", 1)[1])
        pair = ["PCM", "Opus 64k"]
        for kind in pair:
            many(port, process.pid, kind, args, args.warm * FIRST)
        ratios = []
        for index in range(args.rounds):
            cost = {kind: many(port, process.pid, kind, args, args.warm) for kind in pair[::1 if index % 2 else -1]}
            ratios.append(cost[pair[1]] / cost[pair[0]])
            print(f"{args.subscribers} subscribers, round {index + 1}: PCM {cost[pair[0]]:.2f} us per frame, Opus {cost[pair[1]]:.2f}, "
                  f"ratio {ratios[-1]:.3f}, load {os.getloadavg()[0]:.1f}", flush=True)
        print(f"Opus/PCM: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


def thread_seconds(pid, name):
    """Returns the processor time of the thread of a server whose name starts with this."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/comm") as comm, open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            if comm.read().startswith(name):
                return int(stat.read().split()[0]) / 1e9
    sys.exit(f"threads: no {name} (expected: a device that is open)")


def capture_thread(port, pid, encoders, args, warm):
    """Returns microseconds of the capture thread per period, with one PCM stream and some of Opus."""
    kinds = [(milliseconds, bitrate) for bitrate in (64_000, 96_000, 128_000, 48_000) for milliseconds in (10, 20, 40, 60)]
    calls = [streams.Stream(port, streams.request("tone", 960))]
    calls += [streams.Stream(port, streams.request("tone", 48 * milliseconds, streams.OPUS, bitrate))
              for milliseconds, bitrate in kinds[:encoders]]
    streams.read_all(calls, time.monotonic() + warm, lambda _: None)
    began, used = time.monotonic(), thread_seconds(pid, "lavalier-reader")
    streams.read_all(calls, began + args.seconds, lambda _: None)
    used, took = thread_seconds(pid, "lavalier-reader") - used, time.monotonic() - began
    streams.close(calls)
    return used * 1e6 / (took * 100)


def capture(args):
    with programs.server(args.java, *args.options, capture="48000/2/s16le",
                         flags=["--max-conversion-percent", "100", "--max-conversion-percent-per-caller", "100"]) as (process, address):
        port = int(address.rsplit(":", 1)[1])
        capture_thread(port, process.pid, args.encoders, args, args.warm * FIRST)
        ratios = []
        for index in range(args.rounds):
            cost = {count: capture_thread(port, process.pid, count, args, args.warm)
                    for count in (0, args.encoders)[::1 if index % 2 else -1]}
            ratios.append(cost[args.encoders] / cost[0])
            print(f"capture thread, round {index + 1}: {cost[0]:.1f} us per period, with {args.encoders} encoders "
                  f"{cost[args.encoders]:.1f}, ratio {ratios[-1]:.2f}, load {os.getloadavg()[0]:.1f}", flush=True)
        print(f"median of the ratios: {statistics.median(ratios):.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--warm", type=float, default=5, help="seconds before each measurement; six times as many before the first")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subscribers", type=int, default=500, help="0: only the costs of one stream")
    parser.add_argument("--streams", type=int, default=1, help="0: only the comparison of many subscribers")
    parser.add_argument("--encoders", type=int, default=0, help="0: no comparison of the capture thread; at most 16")
    parser.add_argument("--java", default="java")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    if args.streams:
        with tempfile.TemporaryDirectory() as directory:
            for rate, channels in ((16_000, 1), (48_000, 2)):
                per_stream(rate, channels, directory, args)
    if args.subscribers:
        fan_out(args)
    if args.encoders:
        capture(args)


if __name__ == "__main__":
    main()
