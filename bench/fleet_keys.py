"""The tests of fleet.py of ids, keys and certificates."""
import os
import re
import signal
import subprocess
import time
from pathlib import Path

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


class Certificates:
    """Files of certificates, signed by one CA or another. A member of a fleet reads NAME.pem, NAME.key and trusted.pem."""

    def __init__(self, fleet):
        self.folder, self.names = Path(fleet.folder), "IP:" + ",IP:".join(fleet.network.hosts[h] for h in fleet.hosts)
        for ca in ("old", "new"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={ca}", "-keyout",
                         f"{ca}-ca.key", "-out", f"{ca}-ca.pem")
        self.trust("old")
        self.issue("old", "engine", "n1", "e1", "e2", "kept")
        tls = {field: f'"{self.folder / file}"' for field, file in
               (("cert_file", "engine.pem"), ("key_file", "engine.key"), ("ca_file", "trusted.pem"))}
        fleet.engine_options = "tls {\n" + "".join(f"{k}: {v}\n" for k, v in tls.items()) + "verify: true\n}"
        fleet.scheme, fleet.certificates = "tls", self

    def openssl(self, *args):
        subprocess.run(["openssl", *args], check=True, cwd=self.folder, stderr=subprocess.DEVNULL)

    def issue(self, ca, *names, days=10):
        """Replaces the certificates of members. Those of negative days have expired."""
        for name in names:
            self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-addext",
                         f"subjectAltName={self.names}", "-keyout", f"{name}.key.next", "-out", f"{name}.csr")
            self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}-ca.pem", "-CAkey", f"{ca}-ca.key",
                         "-CAcreateserial", "-copy_extensions", "copy", "-days", str(days), "-out", f"{name}.pem.next")
            for suffix in (".key", ".pem"):
                (self.folder / f"{name}{suffix}.next").replace(self.folder / f"{name}{suffix}")

    def trust(self, *cas):
        """Replaces the CAs that all members trust."""
        text = "".join((self.folder / f"{ca}-ca.pem").read_text() for ca in cas)
        (self.folder / "trusted.pem.next").write_text(text)
        (self.folder / "trusted.pem.next").replace(self.folder / "trusted.pem")

    def options(self, name, ca="trusted.pem"):
        return ["--fleet-ca", str(self.folder / ca), "--fleet-cert", str(self.folder / f"{name}.pem"),
                "--fleet-private-key", str(self.folder / f"{name}.key")]


@test(26)
def certificates_replaced(args):
    """The new CA is trusted beside the old one; then all certificates are of the new CA; then the old one is not trusted."""
    with Fleet(prepare=Certificates) as fleet:
        certificates = fleet.certificates

        def reload():
            for engine in fleet.engines:
                before = engine.log().count("Reloaded server configuration")
                engine.signal(signal.SIGHUP)
                engine.await_log("(?s)(Reloaded server configuration.*){%d}" % (before + 1))

        def connect_again():
            for i in range(3):
                fleet.restart_engine(i)
                time.sleep(4)
        node = fleet.node("n1", *certificates.options("n1"))
        edges = [fleet.edge(name, *certificates.options(name)) for name in ("e1", "e2")]
        for edge in edges:
            fleet.await_listed(edge, "n1/count")
        streams = fleet.streams(edges[:1], ids(1), 25), fleet.streams(edges[1:], ids(1), 25)
        time.sleep(5)
        for each in streams:
            each.restart()
        certificates.trust("old", "new")
        reload()
        time.sleep(3)
        quiet = max(max(each.report().lost()) for each in streams)
        certificates.issue("new", "engine", "n1", "e1", "e2")
        connect_again()
        certificates.trust("new")
        connect_again()
        connected = [server.log().count("fleet: connected") for server in (node, *edges)]
        certificates.issue("new", "n2", days=-1)
        wrong = {"expired": fleet.node("n2", *certificates.options("n2")),
                 "of the old CA": fleet.edge("e3", *certificates.options("kept")),
                 "of the old CA, for the engine": fleet.edge("e4", *certificates.options("e1", "old-ca.pem"))}
        time.sleep(8)
        reports = [each.report() for each in streams]
        listed = fleet.devices(edges[0])
        lines = {name: [line for line in server.log().splitlines() if re.search("(WARN|ERROR).*fleet", line)]
                 for name, server in wrong.items()}
        return (verdict(("no gap after the reload", quiet == 0), ("connected again", min(connected) > 2),
                        *((f"{edge.host}: {name}", holds) for edge, r in zip(edges, reports) for name, holds in (
                            ("same epoch", r.epochs() == 1), ("only UPSTREAM", set(r.causes()) <= {"UPSTREAM"}),
                            ("exact", r.exact()), ("streams continue", not r.ended()))),
                        *((f"one line: {name}", len(each) == 1) for name, each in lines.items()),
                        ("the expired one is not listed", not any(k.startswith("n2/") for k in listed))),
                "; ".join(f"{edge.host}: {r}" for edge, r in zip(edges, reports)) + f"; connections {connected}; "
                + "; ".join(f"{name}: {len(each)} lines, {each[0] if each else ''}" for name, each in lines.items()))
