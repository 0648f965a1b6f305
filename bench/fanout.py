#!/usr/bin/env python3
"""Measures the cost of 500 subscribers: CPU per frame, compared with other servers, and memory.

usage: fanout.py [--subscribers 500] [--seconds 10] [--warm 15] [--java java] [--rounds 1] [-- JAVA_OPTION...]
Packages (Debian): gcc mosquitto nats-server snapserver nghttp2-client.
"""
import argparse
import os
import subprocess
import sys
import time

import programs

MEASURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "measure.py")
SMALL_HEAP = ["-XX:+UseSerialGC", "-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch"]


def memory(java, subscribers):
    """Measures the KiB for each additional connection, with a heap of fixed size."""
    with programs.server(java, *SMALL_HEAP) as (process, address):
        def resident(count):
            bench = programs.start_bench(java, address, count, 5, 10)
            time.sleep(13)
            kib = programs.resident_kib(process.pid)
            bench.communicate()
            return kib
        resident(subscribers // 5)  # code is compiled, buffers are pooled
        few, many = resident(subscribers // 5), resident(subscribers)
        print(f"resident: {few} KiB with {subscribers // 5} subscribers, {many} KiB with {subscribers}: "
              f"{(many - few) / (subscribers - subscribers // 5):.1f} KiB for each further one")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--warm", type=int, default=15,
                        help="seconds before each measurement, twice as many for a JVM, which compiles in that time")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--java", default="java")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    for _ in range(args.rounds):
        with programs.server(args.java, *args.options) as (process, address):
            subprocess.run([sys.executable, MEASURE, "--subscribers", str(args.subscribers),
                            "--seconds", str(args.seconds), "--warm", str(args.warm),
                            "--grpc", f"{address.rsplit(':', 1)[1]}:{process.pid}"], check=True)
    memory(args.java, args.subscribers)


if __name__ == "__main__":
    main()
