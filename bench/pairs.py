#!/usr/bin/env python3
"""Compares two builds of the server: CPU per delivered frame, in turn, with the same load.

usage: pairs.py OLD_SERVER_JAR NEW_SERVER_JAR [--rounds 5] [--subscribers 500] [--seconds 20] [--java java]

Each round runs both builds, the first one alternating, and prints the ratio new/old. The load
generator is the client that this checkout has built. Runs for about 80 s per round.
"""
import argparse
import os
import statistics

import programs

WARMUP = 10


def cpu_seconds(pid):
    """Returns the user and system time of a process."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def microseconds_per_frame(jar, args):
    """Returns the server's CPU time per frame, over warm-up and measurement."""
    programs.SERVER = jar
    with programs.server(args.java) as (process, address):
        before = cpu_seconds(process.pid)
        bench = programs.start_bench(args.java, address, args.subscribers, args.seconds, WARMUP)
        result = programs.results(bench)
        cpu = cpu_seconds(process.pid) - before
    frames = result["frames_delivered"] * (args.seconds + WARMUP) / args.seconds
    return cpu / frames * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    ratios = []
    for number in range(args.rounds):
        jars = [args.old, args.new] if number % 2 == 0 else [args.new, args.old]
        cost = {jar: microseconds_per_frame(jar, args) for jar in jars}
        ratios.append(cost[args.new] / cost[args.old])
        print(f"old {cost[args.old]:.2f} us, new {cost[args.new]:.2f} us per frame, "
              f"new/old {ratios[-1]:.3f}", flush=True)
    print(f"new/old: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


if __name__ == "__main__":
    main()
