#!/usr/bin/env python3
"""How late frames come: to one subscriber, to 100, and to 90 while ten others are stopped.

usage: latency.py [--seconds 20] [--warmup 20] [--java java]
"""
import argparse
import signal
import time

import programs


def show(what, figures):
    if "refused" in figures:
        raise SystemExit(f"{what}: refused: {figures['refused']}")
    print(f"{what}: " + ", ".join(f"{name} {figures['latency_ms_' + name]:.2f}"
                                  for name in ("p50", "p99", "p999", "max")) + " ms", flush=True)
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    with programs.server(args.java) as (_, address):
        def bench(count, seconds=args.seconds, warmup=args.warmup):
            return programs.start_bench(args.java, address, count, seconds, warmup)
        show("100 subscribers", programs.figures(bench(100)))
        show("one", programs.figures(bench(1, warmup=2 * args.warmup)))
        for stopped in (False, True):
            others = bench(10, 3 * args.seconds, 1)
            try:
                ninety = bench(90)
                time.sleep(args.warmup / 2)
                if stopped:
                    others.send_signal(signal.SIGSTOP)
                show("90, and ten that " + ("stand still" if stopped else "read"), programs.figures(ninety))
            finally:
                others.kill()
                others.wait()


if __name__ == "__main__":
    main()
