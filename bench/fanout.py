#!/usr/bin/env python3
"""Measures the cost of 500 subscribers: CPU per frame, compared with other servers, and memory.

usage: fanout.py [--parts peers,tls,linear,memory] [--subscribers 500] [--seconds 10] [--warm 15] [--java java]
                 [--rounds 1] [-- JAVA_OPTION...]
tls compares two servers, one of which uses TLS. linear measures one server with 50 to 2,000 subscribers.
Packages (Debian): gcc mosquitto nats-server snapserver nghttp2-client openssl.
"""
import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import statistics
import sys
import tempfile
import time

import programs

MEASURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "measure.py")
COUNTS = (50, 200, 500, 2000)
MANY = ["--max-subscribers", "2500", "--max-subscribers-per-device", "2500", "--max-subscribers-per-identity", "2500",
        "--max-connections", "3000"]
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


def measure(server, *args, tls=False):
    """Returns the rows of peers/measure.py for one server, by receiver."""
    process, address = server
    port = address.rsplit(":", 1)[1]
    lines = subprocess.run([sys.executable, MEASURE, *map(str, args), "--grpc", f"{port}:{process.pid}",
                            *(["--tls"] if tls else []), "floor"], check=True, text=True, stdout=subprocess.PIPE)
    rows = [json.loads(line) for line in lines.stdout.splitlines()]
    for row in rows:
        if "error" in row:
            sys.exit(f"{row['peer']}: {row['error']}")
    return {row["peer"].removeprefix(f"grpc:{port}").strip(", ") or "h2load": row for row in rows}


def tls(args):
    """Measures two servers in turn, both of which stay warm."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as servers:
        key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                        "-keyout", key, "-out", cert], check=True, stderr=subprocess.DEVNULL)
        plain = servers.enter_context(programs.server(args.java, *args.options))
        secure = servers.enter_context(
            programs.server(args.java, *args.options, flags=["--tls-cert", cert, "--tls-key", key]))
        ratios = []
        for k in range(args.rounds + 1):
            few = ("--subscribers", args.subscribers, "--seconds", args.seconds, "--warm", 5 if k else 2 * args.warm)
            costs = {}
            for server in (plain, secure)[:: 1 if k % 2 else -1]:
                costs[server is secure] = measure(server, *few, tls=server is secure)["h2load"]["us_per_frame"]
            if k:  # the first round warms up
                ratios.append(costs[True] / costs[False])
                print(f"us per frame: plain {costs[False]}, TLS {costs[True]}, ratio {ratios[-1]:.2f}", flush=True)
        print(f"TLS/plain, median of {args.rounds}: {statistics.median(ratios):.2f}", flush=True)


def linear(args):
    """Measures one warm server with different numbers of subscribers.

    A server with one subscriber captures, polls the devices and collects garbage as any other, so its cost is
    subtracted too. That leaves the cost of each further subscriber.
    """
    frames_per_second = 50
    with programs.server(args.java, *args.options, flags=MANY) as server:
        def costs(count):
            rows = measure(server, "--subscribers", count, "--seconds", args.seconds, "--warm", 3)
            return {name: row["us_per_frame"] * count * frames_per_second for name, row in rows.items()}  # us per second
        measure(server, "--subscribers", args.subscribers, "--seconds", 1, "--warm", 4 * args.warm)
        for _ in range(args.rounds):
            one = costs(1)
            print("1 subscriber, us per second: " + ", ".join(f"{name} {cost:.0f}" for name, cost in one.items()), flush=True)
            for count in COUNTS:
                print(f"{count} subscribers, us per frame (of each further subscriber): " + ", ".join(
                    f"{name} {cost / count / frames_per_second:.1f} "
                    f"({(cost - one[name]) / (count - 1) / frames_per_second:.1f})"
                    for name, cost in costs(count).items()), flush=True)


def peers(args):
    for _ in range(args.rounds):
        with programs.server(args.java, *args.options) as (process, address):
            subprocess.run([sys.executable, MEASURE, "--subscribers", str(args.subscribers),
                            "--seconds", str(args.seconds), "--warm", str(args.warm),
                            "--grpc", f"{address.rsplit(':', 1)[1]}:{process.pid}"], check=True)


PARTS = {"peers": peers, "tls": tls, "linear": linear, "memory": lambda args: memory(args.java, args.subscribers)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default="peers,memory", help="what to measure: peers, tls, linear, memory")
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--warm", type=int, default=15,
                        help="seconds before each measurement, twice as many for a JVM, which compiles in that time")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--java", default="java")
    parser.add_argument("options", nargs="*")
    args = parser.parse_args()
    names = args.parts.split(",")
    for name in names:
        if name not in PARTS:
            parser.error(f"parts: {name} (expected: {', '.join(PARTS)})")
    for name in names:
        PARTS[name](args)


if __name__ == "__main__":
    main()
