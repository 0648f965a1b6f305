#!/usr/bin/env python3
"""Measures the accuracy of the capture times of a PulseAudio line.

usage: clock.py [--seconds 600] [--java java]
"""
import argparse
import os
import subprocess

import pulse

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    server = os.path.join(TOP, "server", "target")
    classpath = os.pathsep.join([os.path.join(server, "lavalier-server.jar"),
                                 os.path.join(server, "test-classes")])
    with pulse.daemon() as environment:
        subprocess.run([args.java, "-cp", classpath, "dev.lavalier.bench.CaptureTimeReport",
                        str(args.seconds)], env=environment, check=True)


if __name__ == "__main__":
    main()
