#!/usr/bin/env python3
"""Measures the Python client from a checkout to the first frame, as docs/user/python.md says: its commands make an
environment and install the package, and its first program prints a line. Linux; needs the built server, and what the
page says.

usage: python_client.py [--runs 5] [--java java]
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from basics import TOP, start, stop

PYTHON = "/usr/bin/python3"


def blocks(language):
    with open(os.path.join(TOP, "docs", "user", "python.md")) as page:
        return re.findall(rf"```{language}\n(.*?)```", page.read(), re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    venv, pip = next(block for block in blocks("sh") if "pip install" in block).splitlines()
    server, address = start(args.java)
    program = blocks("python")[0].replace("127.0.0.1:50051", address)
    steps = {"python3 -m venv": [], "pip install": [], "first line of the program": [], "sum": []}
    for _ in range(args.runs):
        with tempfile.TemporaryDirectory() as directory:
            times = [time.monotonic()]
            for command in (venv.replace("python3", PYTHON), pip):
                command = command.replace("build/venv", f"{directory}/venv")
                subprocess.run(command, shell=True, check=True, cwd=TOP, stdout=subprocess.DEVNULL)
                times.append(time.monotonic())
            listener = subprocess.Popen([f"{directory}/venv/bin/python", "-u", "-c", program], text=True,
                                        stdout=subprocess.PIPE)
            if not listener.stdout.readline():
                sys.exit("the program printed nothing")
            times.append(time.monotonic())
            stop(listener)
        lengths = [end - begin for begin, end in zip(times, times[1:])]
        for step, length in zip(steps, [*lengths, sum(lengths)]):
            steps[step].append(length)
    stop(server)
    for step, lengths in steps.items():
        print(f"{step}: median {statistics.median(lengths):.1f} s, {min(lengths):.1f} to {max(lengths):.1f} s")


if __name__ == "__main__":
    main()
