#!/usr/bin/env python3
"""Measures the intervals between 20 ms frames of a PulseAudio line: our reader, and a blocking read.

usage: reading.py [--seconds 600] [--others 60] [--java java]
"""
import argparse
import os
import subprocess

import pulse

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, help="for the reader as the server uses it")
    parser.add_argument("--others", type=int, default=60, help="for each of the others")
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    server = os.path.join(TOP, "server", "target")
    classpath = os.pathsep.join([os.path.join(server, "lavalier-server.jar")]
                                + [os.path.join(server, "test-classes")])

    def run(mode, buffer_ms, seconds):
        subprocess.run([args.java, "-cp", classpath, "dev.lavalier.bench.ReadingBenchmark",
                        mode, str(buffer_ms), str(seconds)], env=environment, check=True)

    with pulse.daemon() as environment:
        run("reader", 200, args.seconds)
        for buffer_ms in (40, 100):
            run("reader", buffer_ms, args.others)
        for buffer_ms in (20, 40, 60, 100, 200, 500):
            run("blocking", buffer_ms, args.others)


if __name__ == "__main__":
    main()
