#!/usr/bin/env python3
"""Tests a fleet of real processes in network namespaces while its parts fail, and measures it. Linux, as root.

usage: fleet.py [--tests 5,6,...] [--figures latency,cpu,tls,kill] [--subscribers 200]

Each test prints a row: its number, the result, and what was observed. docs/fleet.md has the tests by number. Needs the
built jars and test classes, and the Debian packages curl gcc iproute2 nats-server openssl.
"""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time

import fleet_keys  # noqa: F401, its tests
import fleet_overload  # noqa: F401, its test
from fleet_figures import FIGURES
from fleet_parts import CLIENT, RATE, TESTS, Fleet, cpu_seconds, ids, load, resident_mib, test, two_edges, verdict

HERE = os.path.dirname(os.path.abspath(__file__))


@test(1)
def killed_edge_with_history(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet, "--history-ms", "10000")
        streams = fleet.streams(edges, ids(3), 100)
        time.sleep(5)
        streams.restart()
        edges[0].kill()
        time.sleep(10)
        r = streams.report()
        return verdict(("0 samples missing", max(r.lost()) == 0), ("same epoch", r.epochs() == 1),
                       ("first frame within 2 s", r.most("pause_ms") < 2000)), r


@test(2)
def killed_edge_without_history(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet)
        streams = fleet.streams(edges, ids(3), 100)
        time.sleep(5)
        streams.restart()
        edges[0].kill()
        time.sleep(8)
        r = streams.report()
        return verdict(("only NOT_KEPT", r.causes() == ["NOT_KEPT"]), ("exact", r.exact()), ("same epoch", r.epochs() == 1)), r


@test(3)
def engine_restarted(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet)
        streams = fleet.streams(edges[:1], ids(3), args.subscribers, max_latency_ms=200)
        time.sleep(5)
        streams.restart()
        before = fleet.grown(nodes + edges)
        fleet.engines[0].kill()
        time.sleep(3)
        fleet.engines[0] = fleet.start_engine(0)
        time.sleep(5)
        r = streams.report()
        grown = fleet.grown(nodes + edges, before)
        return verdict(("same epoch", r.epochs() == 1), ("exact", r.exact()), ("UPSTREAM", "UPSTREAM" in r.causes()),
                       ("no frame over its bound", r.most("oldest_ms") <= 200 + 150)), f"{r}; metrics {grown}"


@test(4)
def one_of_three_engines_killed(args):
    with Fleet() as fleet:
        fleet.node("n1", urls=fleet.url(0))
        edges = [fleet.edge("e1", urls=fleet.url(0)), fleet.edge("e2", urls=fleet.url(1, 2))]
        for edge in edges:
            fleet.await_listed(edge, "n1/count")
        stayed, moved = (fleet.streams([edge], ids(1), 50) for edge in edges)
        time.sleep(3)
        moved.restart()
        stayed.restart()
        used = next(i for i in (1, 2) if f"connected to {fleet.url(i)}" in edges[1].log())
        fleet.engines[used].kill()
        time.sleep(5)
        m, s = moved.report(), stayed.report()
        return (verdict(("a gap below 1 s", 0 < max(m.lost()) < RATE), ("no gap on the other edge", max(s.lost()) == 0)),
                f"its edge: {m}; the other edge: {s}")


@test(25)
def rolling_restart_of_the_engines(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet)
        streams = fleet.streams(edges, ids(3), args.subscribers, max_latency_ms=200)
        time.sleep(5)
        streams.restart()
        for i in range(3):
            fleet.restart_engine(i)
            time.sleep(4)
        r = streams.report()
        return verdict(("same epoch", r.epochs() == 1), ("only UPSTREAM", set(r.causes()) <= {"UPSTREAM"}), ("exact", r.exact())), r


@test(5)
def stopped_edge(args):
    """The nats-server of Debian 12 stalls a node if half of max_pending waits for one edge, so max_pending is small."""
    with Fleet(engines=1, engine_options="max_pending: 16MB") as fleet:
        devices = 20
        nodes, edges = two_edges(fleet, devices=devices)
        healthy = fleet.streams(edges[:1], ids(3, devices), 60)
        stopped = fleet.streams(edges[1:], ids(3, devices), 60)
        time.sleep(8)
        healthy.restart()
        stopped.restart()
        time.sleep(5)
        before = healthy.report().most("oldest_ms")
        rate = fleet.engine_status(0)["in_bytes"]
        healthy.restart()
        grown = fleet.grown(nodes + edges)
        edges[1].signal(signal.SIGSTOP)
        time.sleep(args.stop_seconds)
        h = healthy.report()
        rate = (fleet.engine_status(0)["in_bytes"] - rate) / args.stop_seconds
        edges[1].signal(signal.SIGCONT)
        time.sleep(15)
        s = stopped.report()
        grown = fleet.grown(nodes + edges, grown)
        return (verdict(("not one gap on the other edge", max(h.lost()) == 0),
                        ("exact within epochs on the stopped one", not s.ended())),
                f"{rate / 1e6:.1f} MB/s into the engine; the other edge: {h} ({before} ms before); the stopped one: {s}, "
                f"epochs {s.epochs()}; metrics {grown}")


@test(6)
def stopped_subscriber(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet)
        others = fleet.streams(edges[:1], ids(3), args.subscribers)
        one = fleet.streams(edges[:1], ids(1), 1)
        time.sleep(3)
        others.restart()
        before = fleet.grown(nodes + edges)
        one.signal(signal.SIGSTOP)
        time.sleep(20)
        r = others.report()
        one.signal(signal.SIGCONT)
        time.sleep(3)
        return verdict(("no gap", max(r.lost()) == 0)), f"{r}; metrics {fleet.grown(nodes + edges, before)}"


@test(7)
def node_cut_off(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet)
        streams = fleet.streams(edges[:1], ids(1), 20)
        time.sleep(3)
        edge_log = len(edges[0].log())
        fleet.network.cut("n1")
        closed = nodes[0].await_log("count: not shared any more")
        lost = closed + edges[0].await_log("n1/count: lost", 10)
        fleet.network.connect("n1")
        time.sleep(10)
        r = streams.report()
        return (verdict(("closed within 6 s", closed < 6), ("lost within 6 s", lost < 6), ("a new epoch", r.epochs() == 2),
                        ("streams continue", not r.ended())),
                f"closed after {closed:.1f} s, lost after {lost:.1f} s; {r}")


@test(8)
def last_listener_leaves(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet, nodes=1)
        streams = fleet.streams(edges[:1], ids(1), 5)
        time.sleep(2)
        streams.process.stdin.close()
        left = nodes[0].await_log("count: not shared any more", 10)
        streams = fleet.streams(edges[1:], ids(1), 5)
        edges[1].kill()
        before = nodes[0].log().count("not shared any more")
        dead = nodes[0].await_log("(?s)(not shared any more.*){2}", 10)
        return (verdict(("closed within 1 s", left < 1.5), ("closed within 6 s", dead < 6)),
                f"after the last listener {left:.1f} s (with the end of the program), after the edge {dead:.1f} s")


@test(9)
def node_cut_off_for_3_s(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet)
        streams = fleet.streams(edges[:1], ids(1), 20)
        time.sleep(3)
        streams.restart()
        before = fleet.grown(nodes + edges)
        fleet.network.cut("n1")
        time.sleep(3)
        fleet.network.connect("n1")
        time.sleep(6)
        r = streams.report()
        grown = fleet.grown(nodes + edges, before)
        return verdict(("same epoch", r.epochs() == 1), ("exact", r.exact()), ("a gap", max(r.lost()) > 0),
                       ("never off", "not shared any more" not in nodes[0].log())), f"{r}; metrics {grown}"


@test(15)
def jetstream_without_quorum(args):
    with Fleet(jetstream=True) as fleet:
        node = fleet.node("n1", "--fleet-record", "count", urls=fleet.url(0), devices=2)
        edge = fleet.edge("e1", urls=fleet.url(0))
        fleet.await_listed(edge, "n1/count")
        streams = fleet.streams([edge], ["n1/count"], 20)
        time.sleep(5)
        streams.restart()
        fleet.engines[1].kill()
        fleet.engines[2].kill()
        time.sleep(8)
        r = streams.report()
        began = time.monotonic()
        opened = fleet.streams([edge], ["n1/count1"], 1)
        seconds = time.monotonic() - began
        return (verdict(("live audio unaffected", max(r.lost()) == 0), ("opening unaffected", seconds < 4)),
                f"{r}; another device opened within {seconds:.1f} s, with the start of the program")


@test(16)
def a_hundred_nodes(args):
    with Fleet(engines=1) as fleet:
        edge = fleet.edge("e1")
        watch = Watch(fleet, edge)
        crowd = fleet.java("crowd", "dev.lavalier.client.it.FleetCrowd", fleet.url(), "100")
        crowd.line()
        ready = time.time()
        time.sleep(5)
        complete = watch.first(lambda states: sum(states.values()) == 100)
        killed = time.time()
        crowd.kill()
        time.sleep(35)
        silent = watch.first(lambda states: states.get("not_responding") == 100)
        gone = watch.first(lambda states: not states, after=killed)
        messages = len([t for t, _ in watch.lists if t < killed])
        return (verdict(("complete within 2 s", complete and complete - ready < 2),
                        ("NOT_RESPONDING within 4 s", silent and silent - killed < 4.5),
                        ("gone at 30 s", gone and 29 < gone - killed < 32)),
                f"complete {after(complete, ready)} after the last node had started, not responding after "
                f"{after(silent, killed)}, gone after {after(gone, killed)}, {messages} changes in WatchDevices while they "
                f"appeared; last lists {[(round(t - killed, 1), dict(states)) for t, states in watch.lists[-3:]]}")


def after(time_seen, start):
    return "never" if time_seen is None else f"{time_seen - start:.1f} s"


class Watch:
    """Reads the lists of WatchDevices in the background."""

    def __init__(self, fleet, server):
        self.lists = []
        self.process = subprocess.Popen(
            fleet.network.inside("client") + ["java", "-jar", CLIENT, "--server", server.address, "devices", "--watch", "--json"],
            text=True, stdout=subprocess.PIPE)
        fleet.network.add("client")
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        states = {}
        for line in self.process.stdout:
            change = json.loads(line)
            states.pop(change.get("removed_device_id"), None)
            for device in [*change.get("devices", []), *([change["device"]] if "device" in change else [])]:
                states[device["device_id"]] = device["state"]
            self.lists.append((time.time(), collections.Counter(states.values())))

    def first(self, condition, after=0):
        return next((t for t, states in self.lists if t > after and condition(states)), None)


@test(17)
def a_thousand_subscribers(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet, nodes=1)
        few = fleet.streams(edges[:1], ids(1), 20, frame_ms=20)
        time.sleep(8)
        few.restart()
        time.sleep(8)
        before = few.report()
        few.restart()
        began = time.monotonic()
        bench = subprocess.run(fleet.network.inside("client") + [
            "java", "-jar", CLIENT, "--server", edges[0].address, "bench", "--device", "n1/count", "--subscribers", "1000",
            "--frame-size", str(RATE // 10), "--seconds", "5", "--warmup", "3", "--json"], text=True, stdout=subprocess.PIPE)
        after = few.report()
        result = json.loads(bench.stdout or "{}")
        return (verdict(("none refused", bench.returncode in (0, 3)), ("no gap of the others", max(after.lost()) == 0),
                        ("age of the others within 20 %", after.most("oldest_ms") <= 1.2 * before.most("oldest_ms"))),
                f"bench exit code {bench.returncode}, {result.get('refused', '')}; others before: {before}; after: {after}")


@test(18)
def clocks_off_and_stepped(args):
    with Fleet(engines=1) as fleet:
        library = os.path.join(fleet.folder, "clock.so")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, os.path.join(HERE, "clock.c")], check=True)

        def clock(name, seconds):
            path = os.path.join(fleet.folder, name)
            with open(path, "r+b" if os.path.exists(path) else "wb") as file:
                file.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))
            return {"LD_PRELOAD": library, "CLOCK_FILE": path}
        node = fleet.node("n1", environment=clock("node", 300))
        edge = fleet.edge("e1", environment=clock("edge", -300))
        fleet.await_listed(edge, "n1/count")
        streams = fleet.streams([edge], ids(1), 20)
        time.sleep(5)
        streams.restart()
        clock("node", -300)
        time.sleep(8)
        clock("node", 3600)
        time.sleep(8)
        r = streams.report()
        offsets = {k: v for k, v in edge.metrics().items() if "offset" in k}
        warnings = [line for log in (edge.log(), node.log()) for line in log.splitlines() if "clock" in line]
        return (verdict(("no gap", max(r.lost()) == 0), ("same epoch", r.epochs() == 1), ("a metric", bool(offsets)),
                        ("one warning", 1 <= len(warnings) <= 4)),
                f"{r}; {offsets}; {len(warnings)} warnings: {warnings[:1]}")


@test(20)
def narrow_uplink(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet, nodes=1)
        streams = fleet.streams(edges[:1], ids(1), 20, max_latency_ms=200, frame_ms=20)
        time.sleep(5)
        streams.restart()
        before = fleet.grown(nodes + edges)
        fleet.network.narrow("n1", 200)
        cpu, began = cpu_seconds(nodes[0].pid), time.monotonic()
        time.sleep(5)
        memory = resident_mib(nodes[0].pid)
        time.sleep(15)
        cpu = (cpu_seconds(nodes[0].pid) - cpu) / (time.monotonic() - began)
        growth = resident_mib(nodes[0].pid) - memory
        narrow = streams.report()
        fleet.network.narrow("n1", 10_000)
        time.sleep(5)
        r = streams.report()
        grown = fleet.grown(nodes + edges, before)
        return (verdict(("exact", r.exact()), ("a gap", min(r.lost()) > 0), ("streams continue", not r.ended()),
                        ("no frame over its bound", r.most("oldest_ms") <= 200 + 150),
                        ("nothing grows", growth < 20), ("CPU flat", cpu < 0.2)),
                f"while narrow: {narrow}; 5 s later: {r}; node: {100 * cpu:.1f} % of a core, {growth:+.0f} MiB within 15 s; metrics {grown}")


@test(22)
def nobody_listens(args):
    with Fleet(engines=1) as fleet:
        edges = [fleet.edge("e1"), fleet.edge("e2")]
        crowd = fleet.java("crowd", "dev.lavalier.client.it.FleetCrowd", fleet.url(), "100")
        crowd.line()
        time.sleep(10)
        before, began = fleet.engine_status(0), time.monotonic()
        time.sleep(args.idle_seconds)
        after, seconds = fleet.engine_status(0), time.monotonic() - began
        rate = sum(after[k] - before[k] for k in ("in_bytes", "out_bytes")) / seconds
        messages = (after["in_msgs"] - before["in_msgs"]) / seconds
        states = collections.Counter(fleet.devices(edges[0]).values())
        return (verdict(("below 50 kB/s", rate < 50_000), ("all closed", states == {"closed": 100})),
                f"{rate / 1e3:.1f} kB/s in and out with 2 edges, {messages:.0f} messages/s in, {dict(states)}, {seconds:.0f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", default="")
    parser.add_argument("--figures", default="")
    parser.add_argument("--subscribers", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--stop-seconds", type=int, default=30)
    parser.add_argument("--idle-seconds", type=int, default=60)
    parser.add_argument("--measure-seconds", type=int, default=15)
    args = parser.parse_args()
    failed = False
    for number in filter(None, args.tests.split(",")):
        function = TESTS[int(number)]
        try:
            result, observed = function(args)
        except Exception as error:  # the other tests run all the same
            result, observed = f"error: {type(error).__name__}", str(error)[-500:]
        failed |= result != "passed"
        print(f"| {number} | {function.__name__} | {result} | {observed}; load {load():.1f} |", flush=True)
    for name in filter(None, args.figures.split(",")):
        FIGURES[name](args)
    sys.exit(failed)


if __name__ == "__main__":
    main()
