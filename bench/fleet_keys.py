"""The tests of fleet.py of ids and keys."""
import os
import re
import signal
import subprocess
import time

from fleet_parts import SERVER, Fleet, ids, test, two_edges, verdict


@test(11)
def two_nodes_with_one_id(args):
    with Fleet() as fleet:
        nodes, edges = two_edges(fleet, nodes=1)
        streams = fleet.streams(edges, ids(1), 20)
        time.sleep(2)
        clone = fleet.node("n1", host="clone", urls=fleet.url(2))
        given_up = nodes[0].await_log("ERROR.*another process with this id", 10)
        time.sleep(15)
        r = streams.report()
        again = "another process with this id" in clone.log()
        return (verdict(("the older gives way", not again), ("streams continue", not r.ended()), ("a later epoch", r.epochs() == 2)),
                f"gave way after {given_up:.1f} s; {r}")


def key(fleet, role, name, file):
    """Makes a key. Returns its file, and the entry for nats-server."""
    path = os.path.join(fleet.folder, f"{file}.key")
    entry = subprocess.run(["java", "-jar", SERVER, "fleet-key", f"--{role}", name, path], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    return path, entry


def with_keys(fleet):
    """Lets only node n1 and edges e1 and e2 in. Returns the files of their keys, and of a stranger."""
    files, entries = zip(key(fleet, "node", "n1", "n1"), key(fleet, "edge", "e1", "e1"), key(fleet, "edge", "e2", "e2"),
                         key(fleet, "edge", "e4", "stranger"))
    fleet.users = list(entries[:3])
    fleet.engine_config(0)
    fleet.engines[0].signal(signal.SIGHUP)
    fleet.engines[0].await_log("Reloaded")
    return files


@test(12)
def wrong_keys(args):
    with Fleet(engines=1) as fleet:
        n1, e1, e2, stranger = with_keys(fleet)
        node, edge = fleet.node("n1", "--fleet-key", n1), fleet.edge("e1", "--fleet-key", e1)
        fleet.await_listed(edge, "n1/count")
        streams = fleet.streams([edge], ids(1), 10)
        wrong = {"the key of another node": fleet.node("n2", "--fleet-key", n1),
                 "the key of a node for an edge": fleet.edge("e3", "--fleet-key", n1),
                 "the key of an edge for a node": fleet.node("n3", "--fleet-key", e2),
                 "an unknown key": fleet.edge("e4", "--fleet-key", stranger),
                 "no key": fleet.edge("e5")}
        time.sleep(8)
        r = streams.report()
        listed = fleet.devices(edge)
        lines = {name: [line for line in server.log().splitlines() if re.search("(WARN|ERROR).*fleet:", line)]
                 for name, server in wrong.items()}
        return (verdict(*((f"one line or a few: {name}", 1 <= len(each) <= 4) for name, each in lines.items()),
                        ("others untouched", max(r.lost()) == 0), ("not listed", not any(k.startswith(("n2", "n3")) for k in listed))),
                "; ".join(f"{name}: {len(each)} lines, {each[0][-110:] if each else ''}" for name, each in lines.items()))


@test(14)
def edge_key_revoked(args):
    with Fleet(engines=1) as fleet:
        n1, e1, e2, _ = with_keys(fleet)
        node = fleet.node("n1", "--fleet-key", n1)
        edges = [fleet.edge("e1", "--fleet-key", e1), fleet.edge("e2", "--fleet-key", e2)]
        for edge in edges:
            fleet.await_listed(edge, "n1/count")
        kept, cut = fleet.streams(edges[:1], ids(1), 20), fleet.streams(edges[1:], ids(1), 20)
        fleet.users = fleet.users[:2]
        fleet.engine_config(0)
        time.sleep(2)
        kept.restart()
        fleet.engines[0].signal(signal.SIGHUP)
        time.sleep(5)
        cut.restart()
        time.sleep(5)
        k, c = kept.report(), cut.report()
        return (verdict(("cut off within 5 s", c.most("samples") == 0), ("others untouched", max(k.lost()) == 0)),
                f"others: {k}; the revoked edge received {c.most('samples')} samples after 5 s")
