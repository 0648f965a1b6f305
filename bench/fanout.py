#!/usr/bin/env python3
"""Measures the cost of 500 subscribers: CPU per frame, compared with other servers, and memory.

usage: fanout.py [--subscribers 500] [--seconds 10] [--warm 15] [--java java] [--rounds 1] [-- JAVA_OPTION...]
Packages (Debian): gcc mosquitto nats-server snapserver nghttp2-client.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time

import programs

MEASURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "measure.py")
SMALL_HEAP = ["-XX:+UseSerialGC", "-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch"]


def memory(java, subscribers):
    """Measures the KiB for each additional connection, with a heap of fixed size.

    The heap is resident as a whole. So a connection takes live objects, and memory outside the heap.
    In the first rounds, the latter also has the code that the JVM compiles meanwhile.
    """
    jcmd = os.path.join(os.path.dirname(os.path.realpath(shutil.which(java))), "jcmd")
    with programs.server(java, *SMALL_HEAP) as (process, address):
        def used(count):
            bench = programs.start_bench(java, address, count, 5, 10)
            time.sleep(10)
            live = live_kib(jcmd, process.pid)
            resident = programs.resident_kib(process.pid)
            bench.communicate()
            return live, resident
        for _ in range(3):
            few, many = used(subscribers // 5), used(subscribers)
            further = subscribers - subscribers // 5
            print(f"KiB for each connection beyond {subscribers // 5}: "
                  f"{(many[0] - few[0]) / further:.1f} in live objects, "
                  f"{(many[1] - few[1]) / further:.1f} outside the heap", flush=True)


def live_kib(jcmd, pid):
    """Returns the size of the objects that survive a collection."""
    subprocess.run([jcmd, str(pid), "GC.run"], check=True, stdout=subprocess.DEVNULL)
    heap = subprocess.run([jcmd, str(pid), "GC.heap_info"], check=True, text=True, stdout=subprocess.PIPE).stdout
    return sum(int(kib) for kib in re.findall(r"generation +total \d+K, used (\d+)K", heap))


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
