"""The figures of fleet.py: the latency of the hop, processor time, and the time from a kill to the next frame."""
import json
import os
import subprocess
import time

from fleet_parts import CLIENT, cpu_seconds, ids, load, two_edges, Fleet


def bench(fleet, server, device, count, seconds=10, warmup=8, more=()):
    """Returns the results of `lavalier bench`; None if this machine was too busy."""
    run = subprocess.run(fleet.network.inside("client") + [
        "java", "-jar", CLIENT, "--server", server.address, "bench", "--device", device, "--subscribers", str(count),
        "--seconds", str(seconds), "--warmup", str(warmup), "--json", *more], text=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout) if run.stdout and run.returncode in (0, 1) else None


def figure_latency(args):
    with Fleet(engines=1) as fleet:
        nodes, edges = two_edges(fleet, nodes=1)
        for _ in range(args.rounds):
            for name, server, device in (("directly", nodes[0], "count"), ("through the fleet", edges[0], "n1/count")):
                result = bench(fleet, server, device, 10)
                print(f"latency {name}: " + ("no result: the machine is too busy" if result is None else
                      ", ".join(f"{p} {result['latency_ms_' + p]:.2f} ms" for p in ("p50", "p99"))) + f"; load {load():.1f}",
                      flush=True)


def figure_cpu(args):
    """CPU for each block: at the node for a block, at the engine and the edges for each delivery to an edge."""
    with Fleet(engines=1) as fleet:
        devices = 20
        nodes, edges = two_edges(fleet, devices=devices, nodes=1)
        all_streams = [fleet.streams([edge], ids(1, devices), devices) for edge in edges]
        time.sleep(20)
        parts = {"node": nodes[0].pid, "engine": fleet.engines[0].pid, "edge": edges[0].pid, "other edge": edges[1].pid}
        before = {name: cpu_seconds(pid) for name, pid in parts.items()}
        began = time.monotonic()
        time.sleep(args.measure_seconds)
        seconds = time.monotonic() - began
        blocks = 100 * devices * seconds
        for name, pid in parts.items():
            used = cpu_seconds(pid) - before[name]
            deliveries = blocks * (2 if name == "engine" else 1)
            print(f"cpu {name}: {1e6 * used / deliveries:.1f} us for each block of 10 ms"
                  f"{' and edge' if name == 'engine' else ''}, {100 * used / seconds:.1f} % of a core; load {load():.1f}", flush=True)
        for streams in all_streams:
            print(f"  {streams.report()}")


def figure_tls(args):
    """CPU of an edge for each frame, with TLS and without, in turn. One subscriber is subtracted."""
    with Fleet(engines=1) as fleet:
        address = fleet.network.add("secure")
        cert, private = os.path.join(fleet.folder, "cert.pem"), os.path.join(fleet.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=edge",
                        "-addext", f"subjectAltName=IP:{address}", "-keyout", private, "-out", cert], check=True,
                       stderr=subprocess.DEVNULL)
        node = fleet.node("n1")
        plain = fleet.edge("plain", java=["-Xmx512m"])
        secure = fleet.edge("secure", "--tls-cert", cert, "--tls-key", private, java=["-Xmx512m"])
        fleet.await_listed(plain, "n1/count")
        count, seconds = args.subscribers, args.measure_seconds
        for _ in range(args.rounds):
            for name, edge, more in (("plain", plain, ()), ("TLS", secure, ("--ca", cert))):
                cost = {}
                for n in (count, 1):
                    run = subprocess.Popen(fleet.network.inside("client") + [
                        "java", "-jar", CLIENT, "--server", edge.address, "bench", "--device", "n1/count", "--subscribers", str(n),
                        "--seconds", str(seconds), "--warmup", "15" if n > 1 else "5", "--json", *more], text=True,
                        stdout=subprocess.PIPE)
                    time.sleep(17 if n > 1 else 7)
                    before, began = cpu_seconds(edge.pid), time.monotonic()
                    time.sleep(seconds - 2)
                    cost[n] = (cpu_seconds(edge.pid) - before) / (time.monotonic() - began)
                    run.communicate()
                print(f"edge {name}, {count} subscribers: {1e6 * (cost[count] - cost[1]) / (count - 1) / 50:.1f} us for each frame "
                      f"of 20 ms; load {load():.1f}", flush=True)


def figure_kill(args):
    """Time from kill -9 of an edge to the first frame from the other one."""
    for _ in range(args.rounds):
        with Fleet(engines=1) as fleet:
            nodes, edges = two_edges(fleet, "--history-ms", "10000", nodes=1)
            streams = fleet.streams(edges, ids(1), 50, frame_ms=20)
            time.sleep(5)
            streams.restart()
            edges[0].kill()
            time.sleep(6)
            pauses = sorted(s["pause_ms"] for s in streams.report().streams)
            print(f"kill of an edge, {len(pauses)} streams: longest time between two frames p50 {pauses[len(pauses) // 2]} ms, "
                  f"max {pauses[-1]} ms; load {load():.1f}", flush=True)


FIGURES = {"latency": figure_latency, "cpu": figure_cpu, "tls": figure_tls, "kill": figure_kill}
