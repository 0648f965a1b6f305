"""The test of fleet.py of what the metrics say about an engine, a network and an edge that are too slow."""
import signal
import subprocess
import threading
import time

from fleet_parts import Fleet, ids, test, two_edges, verdict

SECONDS = 12


class Stopping(threading.Thread):
    """Stops a process for most of the time, as a processor does that has too much work."""

    def __init__(self, process, stopped=0.35, running=0.05):
        super().__init__(daemon=True)
        self.process, self.stopped, self.running, self.ends = process, stopped, running, threading.Event()
        self.start()

    def run(self):
        while not self.ends.is_set():
            self.process.signal(signal.SIGSTOP)
            time.sleep(self.stopped)
            self.process.signal(signal.SIGCONT)
            time.sleep(self.running)

    def end(self):
        self.ends.set()
        self.join()


def starve(pid):
    """Gives a process what another one leaves of a processor. Returns the other one."""
    subprocess.run(["taskset", "-apc", "0", str(pid)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["chrt", "--all-tasks", "--idle", "--pid", "0", str(pid)], check=True)
    return subprocess.Popen(["taskset", "-c", "0", "sh", "-c", "while :; do :; done"])


def release(pid, other):
    other.kill()
    other.wait()
    subprocess.run(["chrt", "--all-tasks", "--other", "--pid", "0", str(pid)], check=True)
    subprocess.run(["taskset", "-apc", "0-1023", str(pid)], check=True, stdout=subprocess.DEVNULL)


def late(before, after, metric):
    """Returns the percentage of the blocks of a histogram that waited longer than 100 ms."""
    def grown(suffix):
        return sum(value - before.get(name, 0) for name, value in after.items()
                   if name.startswith(metric + suffix) and ('le="0.1"' in name or suffix == "_count"))
    blocks = grown("_count")
    return round(100 * (blocks - grown("_bucket")) / blocks) if blocks else 100


def observe(fleet, nodes, edges, begin, end):
    """Returns what the metrics say of the time in which a part is too slow."""
    time.sleep(6)  # what was before does not count any more
    losses, before = fleet.grown(nodes + edges), [edge.metrics() for edge in edges]
    slow = fleet.engine_status(0)["slow_consumers"]
    part = begin()
    time.sleep(SECONDS)
    end(part)
    time.sleep(2)
    grown = fleet.grown(nodes + edges, losses)
    after = [edge.metrics() for edge in edges]

    def lost(hosts, metric):
        return sum(n for name, n in grown.items() if name.split(":")[0] in hosts and metric in name)
    return {"dropped": [lost([node.host], "samples_dropped") for node in nodes],
            "missing": [lost([edge.host], "samples_missing") for edge in edges],
            "lost upstream": [lost([edge.host], 'samples_lost_total{cause="upstream"') for edge in edges],
            "hop %": [late(b, a, "lavalier_fleet_hop_age_seconds") for b, a in zip(before, after)],
            "edge %": [late(b, a, "lavalier_fleet_edge_queue_age_seconds") for b, a in zip(before, after)],
            "cpu": [round(a["process_cpu_usage"], 2) for a in after],
            "slow consumers": fleet.engine_status(0)["slow_consumers"] - slow}


@test(24)
def place_of_the_loss(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet, devices=20)
        streams = [fleet.streams([edge], ids(3, 20), 60, max_latency_ms=200) for edge in edges]
        time.sleep(8)
        engine = observe(fleet, nodes, edges, lambda: Stopping(fleet.engines[0]), Stopping.end)
        network = observe(fleet, nodes, edges, lambda: fleet.network.narrow_to("e1", 4_000),
                          lambda _: fleet.network.narrow_to("e1", 1_000_000))
        edge = observe(fleet, nodes, edges, lambda: starve(edges[0].pid), lambda other: release(edges[0].pid, other))
        paused = observe(fleet, nodes, edges, lambda: Stopping(edges[0]), Stopping.end)
        exact = all(stream.report().exact() for stream in streams)
        return (verdict(("exact", exact),
                        ("engine: all nodes drop", min(engine["dropped"]) > 0),
                        ("network: only the one edge", sum(network["dropped"] + network["missing"][1:]) == 0),
                        ("network: blocks are late, and do not wait on the edge", network["hop %"][0] > 1 > network["edge %"][0]),
                        *((f"{name}: only this edge, and blocks wait on it",
                           sum(r["dropped"] + r["missing"][1:]) == 0 and r["edge %"][0] > r["edge %"][1])
                          for name, r in (("edge", edge), ("paused edge", paused)))),
                f"engine stopped for 7 of 8 parts of the time: {engine}; network of e1: {network}; "
                f"e1 without a processor: {edge}; e1 stopped for 7 of 8 parts of the time: {paused}")
