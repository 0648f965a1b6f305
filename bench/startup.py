#!/usr/bin/env python3
"""Measures the packaged programs: the start of the server, and commands of the client, with and
without their class archives; and the idle server. Linux, with Debian's dpkg-deb. Needs the built
package, and does not install it.

usage: startup.py [--runs 10] [--seconds 60]
"""
import argparse
import glob
import os
import resource
import statistics
import subprocess
import tempfile
import time

from basics import READY, TOP, cpu_seconds


def unpack(directory):
    """Unpacks the package; its launchers work in any directory."""
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
    ).stdout.strip()
    package, = glob.glob(os.path.join(TOP, "packaging", "target", f"lavalier_*_{architecture}.deb"))
    subprocess.run(["dpkg-deb", "-x", package, directory], check=True)


def cpu_milliseconds(pid):
    """CPU time of all threads. Finer than a clock tick, and the least affected by a busy machine."""
    used = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/schedstat") as stat:
            used += int(stat.read().split()[0]) / 1e6
    return used


def start(directory, *options):
    """Starts the server. Returns its process, and the milliseconds and CPU milliseconds until it listens."""
    began = time.monotonic()
    server = subprocess.Popen(
        [os.path.join(directory, "usr/bin/lavalier-server"), "--config",
         os.path.join(directory, "etc/lavalier/server.yaml"), "--port", "0", *options],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    line = server.stdout.readline()
    took = (time.monotonic() - began) * 1000
    used = cpu_milliseconds(server.pid)
    assert line.startswith(READY), line
    server.address = line[len(READY):].strip()
    return server, took, used


def stop(server):
    server.terminate()
    assert server.wait() == 0


def starts(directory, runs):
    took, used = [], []
    for _ in range(runs + 1):
        server, milliseconds, cpu = start(directory)
        stop(server)
        took.append(milliseconds)
        used.append(cpu)
    return summary(took, used)


def summary(took, used):
    del took[0], used[0]  # the first start reads the files from the disk
    return (f"median {statistics.median(took):.0f} ms, {min(took):.0f} to {max(took):.0f}, of {len(took)} starts; "
            f"CPU {statistics.median(used):.0f} ms")


def children_cpu_milliseconds():
    """CPU time of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (usage.ru_utime + usage.ru_stime) * 1000


def runs_of(command, runs):
    """Runs a command to its end. Returns the time until its first line, and until its end."""
    first, took, used = [], [], []
    for _ in range(runs + 1):
        before, began = children_cpu_milliseconds(), time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        process.stdout.readline()
        first.append((time.monotonic() - began) * 1000)
        process.stdout.read()
        assert process.wait() == 0, command
        took.append((time.monotonic() - began) * 1000)
        used.append(children_cpu_milliseconds() - before)
    return f"first line: {summary(first, list(used))}; end: {summary(took, used)}"


def client(directory, runs):
    """Prints how long commands of the client take, beside the least that a JVM takes here."""
    program = os.path.join(directory, "usr/bin/lavalier")
    server, _, _ = start(directory, "--demo")
    print(f"java -version: {runs_of(['java', '-XX:+UseSerialGC', '-version'], runs)}")
    print(f"lavalier --version: {runs_of([program, '--version'], runs)}")
    print(f"lavalier devices: {runs_of([program, '--server', server.address, 'devices'], runs)}")
    stop(server)


def memory_mib(pid):
    """Returns the resident memory (RSS) and the proportional share of it (PSS)."""
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in rollup if " kB" in line}
    return sizes["Rss:"], sizes["Pss:"]


def idle(directory, seconds):
    server, _, _ = start(directory)
    time.sleep(5)
    before, began = cpu_seconds(server.pid), time.monotonic()
    time.sleep(seconds)
    cpu = 100 * (cpu_seconds(server.pid) - before) / (time.monotonic() - began)
    resident, proportional = memory_mib(server.pid)
    stop(server)
    return f"{cpu:.2f} % of a core, {resident:.0f} MiB resident (PSS {proportional:.0f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as directory:
        unpack(directory)
        print(f"without an archive: {starts(directory, args.runs)}")
        client(directory, args.runs)
        subprocess.run([os.path.join(directory, "usr/share/lavalier/make-archives")], check=True)
        print(f"with an archive: {starts(directory, args.runs)}")
        client(directory, args.runs)
        print(f"idle for {args.seconds:.0f} s: {idle(directory, args.seconds)}")


if __name__ == "__main__":
    main()
