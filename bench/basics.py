#!/usr/bin/env python3
"""Measures a server: start, idle, and with one subscriber. Linux; needs the built jars.

usage: basics.py [--runs 5] [--seconds 20] [--java java]
"""
import argparse
import os
import statistics
import subprocess
import time

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SERVER = os.path.join(TOP, "server", "target", "lavalier-server.jar")
CLIENT = os.path.join(TOP, "client", "cli", "target", "lavalier.jar")
TICKS = os.sysconf("SC_CLK_TCK")
READY = "lavalier-server listening on "


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def start(java):
    server = subprocess.Popen([java, "-jar", SERVER, "--demo", "--port", "0"], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return server, server.stdout.readline().strip().removeprefix(READY)


def listen(java, address):
    client = subprocess.Popen([java, "-jar", CLIENT, "--server", address, "record", "--device", "tone", "-"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdout.read(3840)  # the first frame, 20 ms at 48000/2/s16le
    return client


def load(pid, seconds, client=None):
    """CPU in percent of a core, and resident memory at the end."""
    before, began = cpu_seconds(pid), time.monotonic()
    while time.monotonic() - began < seconds:
        if client:
            client.stdout.read(3840)
        else:
            time.sleep(0.5)
    return 100 * (cpu_seconds(pid) - before) / (time.monotonic() - began), resident_mib(pid)


def stop(process):
    process.terminate()
    process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()

    ready, first = [], []
    for _ in range(args.runs):
        began = time.monotonic()
        server, address = start(args.java)
        ready.append(time.monotonic() - began)
        client = listen(args.java, address)
        first.append(time.monotonic() - began)
        stop(client)
        stop(server)
    print(f"server started to ready: median {statistics.median(ready) * 1000:.0f} ms of {args.runs} runs")
    print(f"server started to first frame at a Java client that is started when the server is ready: "
          f"median {statistics.median(first) * 1000:.0f} ms")

    server, address = start(args.java)
    time.sleep(2)
    cpu, memory = load(server.pid, args.seconds)
    print(f"idle: {cpu:.2f}% of a core, {memory:.0f} MiB resident")
    client = listen(args.java, address)
    load(server.pid, args.seconds / 2, client)  # warm
    cpu, memory = load(server.pid, args.seconds, client)
    print(f"one subscriber, 20 ms frames, 48000/2/s16le: {cpu:.2f}% of a core, {memory:.0f} MiB resident")
    stop(client)
    stop(server)


if __name__ == "__main__":
    main()
