#!/usr/bin/env python3
"""Measures latency: for one subscriber, for 100, and for 90 while ten others are suspended.

usage: latency.py [--seconds 20] [--warmup 20] [--java java]
"""
import argparse
import signal
import time

import programs


def show(what, results):
    if "refused" in results:
        raise SystemExit(f"{what}: refused: {results['refused']}")
    print(f"{what}: " + ", ".join(f"{name} {results['latency_ms_' + name]:.2f}"
                                  for name in ("p50", "p99", "p999", "max")) + " ms", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    with programs.server(args.java) as (_, address):
        def bench(count, seconds=args.seconds, warmup=args.warmup):
            return programs.start_bench(args.java, address, count, seconds, warmup)
        show("100 subscribers", programs.results(bench(100)))
        show("one", programs.results(bench(1, warmup=2 * args.warmup)))
        for stopped in (False, True):
            others = bench(10, 3 * args.seconds, 1)
            try:
                ninety = bench(90)
                time.sleep(args.warmup / 2)
                if stopped:
                    others.send_signal(signal.SIGSTOP)
                show("90, and ten that " + ("are suspended" if stopped else "read"), programs.results(ninety))
            finally:
                others.kill()
                others.wait()


if __name__ == "__main__":
    main()
