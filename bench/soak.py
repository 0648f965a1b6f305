#!/usr/bin/env python3
"""Streams from a PulseAudio line for long: gaps, memory, file descriptors and threads over time.

usage: soak.py [--seconds 3600] [--every 60] [--java java]

The exit code is 1 if there was a gap or a notice.
"""
import argparse
import os
import subprocess
import tempfile
import time

import pulse

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SERVER = os.path.join(TOP, "server", "target", "lavalier-server.jar")
CLIENT = os.path.join(TOP, "client", "cli", "target", "lavalier.jar")
READY = "lavalier-server listening on "
BYTES_PER_SECOND = 48_000 * 4


def state(pid):
    with open(f"/proc/{pid}/status") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return (f"{resident / 1024:6.1f} MiB  {len(os.listdir(f'/proc/{pid}/fd'))} descriptors  "
            f"{len(os.listdir(f'/proc/{pid}/task'))} threads")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--every", type=int, default=60)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    with pulse.daemon() as environment, tempfile.TemporaryFile("w+") as log, \
            tempfile.TemporaryFile("w+") as client_log:
        server = subprocess.Popen([args.java, "-jar", SERVER, "--port", "0"], env=environment,
                                  text=True, stdout=subprocess.PIPE, stderr=log)
        address = server.stdout.readline().strip().removeprefix(READY)
        client = subprocess.Popen(
            [args.java, "-jar", CLIENT, "--server", address, "record", "--wait", "--device", "default",
             "--seconds", str(args.seconds), "-"], stdout=subprocess.PIPE, stderr=client_log)
        received, began, next_report = 0, time.monotonic(), 0
        while chunk := client.stdout.read(BYTES_PER_SECOND):
            received += len(chunk)
            if time.monotonic() - began >= next_report:
                next_report += args.every
                print(f"{time.monotonic() - began:7.0f} s  received {received / BYTES_PER_SECOND:7.0f} s  "
                      f"{state(server.pid)}", flush=True)
        client.wait()
        server.terminate()
        server.wait()
        client_log.seek(0)
        log.seek(0)
        client_messages = client_log.read()
        print(f"received {received / BYTES_PER_SECOND:.3f} s of {args.seconds}; "
              f"gaps and notices: {client_messages.strip() or 'none'}")
        print("log of the server:\n" + log.read())
        raise SystemExit(1 if client_messages else 0)


if __name__ == "__main__":
    main()
