"""The two programs, started as users start them."""
import contextlib
import json
import os
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SERVER = os.path.join(TOP, "server", "target", "lavalier-server.jar")
CLIENT = os.path.join(TOP, "client", "cli", "target", "lavalier.jar")
READY = "lavalier-server listening on "


@contextlib.contextmanager
def server(java, *options, capture="16000/1/s16le", flags=()):
    """Starts a demo server, by default 16 kHz mono, on a free port. Yields its process and address."""
    process = subprocess.Popen(
        [java, *options, "-jar", SERVER, "--port", "0", "--demo", "--capture-format", capture, *flags],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process, process.stdout.readline().strip().removeprefix(READY)
    finally:
        process.terminate()
        process.wait()


def start_bench(java, address, subscribers, seconds, warmup):
    """Starts `lavalier bench` against a server."""
    return subprocess.Popen(
        [java, "-jar", CLIENT, "--server", address, "bench", "--subscribers", str(subscribers),
         "--seconds", str(seconds), "--warmup", str(warmup), "--json"],
        text=True, stdout=subprocess.PIPE)


def results(bench):
    """Waits for a bench and returns its results. Exits if it has none: this machine was too busy."""
    output = bench.communicate()[0]
    if bench.returncode == 3:
        sys.exit("lavalier bench: no results (expected: a machine that is not its own bottleneck)")
    return json.loads(output)


def resident_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
