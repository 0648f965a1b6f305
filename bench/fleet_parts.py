"""The parts of a fleet for fleet.py: network namespaces, nats-servers, servers and subscriber programs."""
import contextlib
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import wave

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SERVER = os.path.join(TOP, "server", "target", "lavalier-server.jar")
CLIENT = os.path.join(TOP, "client", "cli", "target", "lavalier.jar")
CLASSES = os.pathsep.join(os.path.join(TOP, *path) for path in (
    ("client", "cli", "target", "test-classes"), ("client", "cli", "target", "lavalier.jar"),
    ("server", "target", "lavalier-server.jar")))
READY = "lavalier-server listening on "
TICKS = os.sysconf("SC_CLK_TCK")
RATE = 16_000  # of the counting devices
LOSSES = ("lavalier_device_overrun_samples", "lavalier_fleet_samples_dropped", "lavalier_fleet_samples_missing",
          "lavalier_fleet_blocks_ignored", "lavalier_samples_lost")
SMALL = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # many JVMs on few cores


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def load():
    return os.getloadavg()[0]


def write_counting_sound(path):
    """Writes 2^16 samples. The value of each is its index, also when the file is repeated."""
    with wave.open(path, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(struct.pack("<65536H", *range(65536)))


TESTS = {}


def test(number):
    def register(function):
        TESTS[number] = function
        return function
    return register


def verdict(*conditions):
    """Returns `passed`, or which of the named conditions do not hold."""
    failed = [name for name, holds in conditions if not holds]
    return "passed" if not failed else "missed: " + ", ".join(failed)


class Network:
    """Hosts: network namespaces with a cable each to a bridge, which is in a namespace too."""

    def __init__(self):
        self.prefix = f"lvf{os.getpid()}"
        self.hosts = {}
        self.bridge = f"{self.prefix}-net"
        self.ip("netns", "add", self.bridge)
        self.ip("-n", self.bridge, "link", "add", "br0", "type", "bridge")
        self.ip("-n", self.bridge, "link", "set", "br0", "up")

    @staticmethod
    def ip(*args):
        subprocess.run(["ip", *args], check=True)

    def add(self, name):
        """Adds a host and returns its address."""
        if name in self.hosts:
            return self.hosts[name]
        address, space = f"198.18.208.{len(self.hosts) + 1}", f"{self.prefix}-{name}"
        self.hosts[name] = address
        cable = f"v{len(self.hosts)}"
        self.ip("netns", "add", space)
        self.ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", cable, "netns", self.bridge)
        self.ip("-n", self.bridge, "link", "set", cable, "master", "br0", "up")
        self.ip("-n", space, "address", "add", f"{address}/24", "dev", "eth0")
        self.ip("-n", space, "link", "set", "lo", "up")
        self.ip("-n", space, "link", "set", "eth0", "up")
        return address

    def inside(self, name):
        """Returns the start of a command that runs on a host, and ends with this program."""
        self.add(name)
        return ["ip", "netns", "exec", f"{self.prefix}-{name}", "setpriv", "--pdeathsig", "KILL"]

    def cut(self, name):
        self.ip("-n", f"{self.prefix}-{name}", "link", "set", "eth0", "down")

    def connect(self, name):
        self.ip("-n", f"{self.prefix}-{name}", "link", "set", "eth0", "up")

    def narrow(self, name, kbit):
        """Limits what a host sends."""
        subprocess.run(["tc", "-n", f"{self.prefix}-{name}", "qdisc", "replace", "dev", "eth0", "root", "tbf", "rate",
                        f"{kbit}kbit", "burst", "4kb", "limit", "32kb"], check=True)

    def narrow_to(self, name, kbit):
        """Limits what a host receives."""
        cable = f"v{list(self.hosts).index(name) + 1}"
        subprocess.run(["tc", "-n", self.bridge, "qdisc", "replace", "dev", cable, "root", "tbf", "rate", f"{kbit}kbit",
                        "burst", "16kb", "limit", "64kb"], check=True)

    def close(self):
        for name in [*self.hosts, "net"]:
            subprocess.run(["ip", "netns", "delete", f"{self.prefix}-{name}"], check=False)


class Process:
    """A process on a host. Its log is a file."""

    def __init__(self, fleet, host, command, environment=None):
        self.fleet, self.host = fleet, host
        self.log_path = os.path.join(fleet.folder, f"{len(fleet.processes)}.log")
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                fleet.network.inside(host) + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        fleet.processes.append(self)

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ended: {self.process.args}\n{self.log()}")
        return line.strip()

    def log(self):
        with open(self.log_path) as log:
            return log.read()

    def await_log(self, pattern, seconds=20):
        """Returns the seconds until the log has a line that matches."""
        began = time.monotonic()
        while not re.search(pattern, self.log()):
            if time.monotonic() - began > seconds:
                raise TimeoutError(f"no {pattern} in\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return time.monotonic() - began

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()


class Server(Process):
    """A node or an edge."""

    def __init__(self, fleet, host, options, environment=None, java=SMALL):
        address = fleet.network.add(host)
        super().__init__(fleet, host, ["java", *java, "-jar", SERVER, "--bind", address, "--insecure", "--port", "50051",
                                       "--metrics-bind", address, "--metrics-port", "9464", *options], environment)
        self.ip = address
        self.address = self.line().removeprefix(READY)

    def metrics(self):
        """Returns the metrics, by name and labels."""
        text = self.fleet.get(self.host, f"http://{self.ip}:9464/metrics")
        values = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


class Streams(Process):
    """Subscribers that check each sample: FleetProbe."""

    def __init__(self, fleet, host, servers, devices, count, max_latency_ms=10_000, frame_ms=100):
        super().__init__(fleet, host, ["java", "-Xmx1g", "-XX:+UseSerialGC", "-cp", CLASSES, "dev.lavalier.client.it.FleetProbe",
                                       ",".join(s.address for s in servers), ",".join(devices), str(count),
                                       str(max_latency_ms), str(frame_ms)])
        self.count = count

    def ready(self):
        self.line()
        return self

    def restart(self):
        print("restart", file=self.process.stdin, flush=True)

    def report(self):
        print("report", file=self.process.stdin, flush=True)
        return Report(json.loads(self.line()))


class Report:
    """What the streams of one program have received."""

    def __init__(self, streams):
        self.streams = streams

    def lost(self, *causes):
        """Returns the lost samples of each stream, of some causes or of all."""
        return [sum(n for cause, n in s["lost"].items() if not causes or cause in causes) for s in self.streams]

    def causes(self):
        return sorted({cause for s in self.streams for cause in s["lost"]})

    def most(self, field):
        return max(s[field] for s in self.streams)

    def ended(self):
        return [s["end"] for s in self.streams if s["end"]]

    def epochs(self):
        return max(len(s["epochs"]) for s in self.streams)

    def exact(self):
        """Whether no gap is estimated. The program itself checks that frames and gaps add up."""
        return self.most("estimated") == 0

    def __str__(self):
        lost = self.lost()
        received = [s["samples"] for s in self.streams]
        return (f"{len(self.streams)} streams, received {min(received)} to {max(received)}, lost {min(lost)} to {max(lost)} samples {self.causes()}, "
                f"oldest frame {self.most('oldest_ms')} ms, longest pause {self.most('pause_ms')} ms"
                + (f", {len(self.ended())} ended: {self.ended()[0]}" if self.ended() else ""))


class Fleet:
    """A cluster of nats-servers, and the nodes and edges that a test adds. Everything ends with the test."""

    def __init__(self, engines=3, engine_options="", jetstream=False, prepare=None):
        """Starts the nats-servers. `prepare` is called with the fleet before that."""
        self.folder = tempfile.mkdtemp(prefix="fleet-")
        self.processes = []
        self.network = Network()
        self.count = os.path.join(self.folder, "count.wav")
        write_counting_sound(self.count)
        self.engine_options, self.users, self.jetstream, self.scheme = engine_options, [], jetstream, "nats"
        self.hosts = [f"nats{i}" for i in range(engines)]
        for host in self.hosts:
            self.network.add(host)
        if prepare:
            prepare(self)
        self.engines = [self.start_engine(i) for i in range(engines)]
        for i, engine in enumerate(self.engines):
            if engines > 1:
                engine.await_log("(?s)(Route connection created.*){%d}" % (engines - 1))

    def engine_config(self, i):
        host = self.network.hosts[self.hosts[i]]
        routes = ", ".join(f'"nats://{self.network.hosts[h]}:6222"' for h in self.hosts if h != self.hosts[i])
        path = os.path.join(self.folder, f"nats{i}.conf")
        with open(path, "w") as config:
            config.write(f'server_name: "n{i}"\nlisten: "{host}:4222"\nhttp: "{host}:8222"\nwrite_deadline: "1s"\n'
                         f'max_payload: 1MB\nping_interval: "5s"\nping_max: 2\n{self.engine_options}\n')
            if self.jetstream:
                config.write(f'jetstream {{ store_dir: "{self.folder}/js{i}" }}\n')
            if self.users:
                users = "\n".join(self.users)
                config.write(f"authorization {{ users: [\n{users}\n] }}\n")
            if routes:
                config.write(f'cluster {{ name: "fleet", listen: "{host}:6222", routes: [{routes}] }}\n')
        return path

    def start_engine(self, i):
        engine = Process(self, self.hosts[i], ["nats-server", "-c", self.engine_config(i)])
        engine.await_log("Server is ready")
        return engine

    def restart_engine(self, i):
        self.engines[i].signal(signal.SIGTERM)
        self.engines[i].process.wait(10)
        self.engines[i] = self.start_engine(i)

    def url(self, *engines):
        return ",".join(f"{self.scheme}://{self.network.hosts[self.hosts[i]]}:4222" for i in engines or range(len(self.hosts)))

    def node(self, name, *options, urls=None, devices=1, host=None, environment=None):
        wavs = [part for k in range(devices) for part in ("--wav", f"count{k or ''}={self.count}")]
        return Server(self, host or name, ["--fleet", urls or self.url(), "--fleet-old-engine", "--fleet-node", name,
                                           "--fleet-share", "*", *wavs, *options], environment)

    def edge(self, name, *options, urls=None, host=None, environment=None, java=SMALL):
        return Server(self, host or name, ["--fleet", urls or self.url(), "--fleet-old-engine", "--fleet-edge", name,
                                           "--max-subscribers-per-identity", "2000", *options], environment, java)

    def streams(self, *args, host="client", **options):
        return Streams(self, host, *args, **options).ready()

    def java(self, host, *args):
        return Process(self, host, ["java", "-Xmx1g", "-XX:+UseSerialGC", "-cp", CLASSES, *args])

    def get(self, host, url):
        """Returns the text at a URL, as seen from a host."""
        return subprocess.run(self.network.inside(host) + ["curl", "-sf", url], check=True, text=True,
                              stdout=subprocess.PIPE).stdout

    def engine_status(self, i, page="varz"):
        host = self.network.hosts[self.hosts[i]]
        return json.loads(self.get(self.hosts[i], f"http://{host}:8222/{page}"))

    def grown(self, servers, before=None):
        """Returns the metrics that say where audio is lost: those that have grown since the earlier call."""
        now = {}
        for server in servers:
            for name, value in server.metrics().items():
                if name.startswith(LOSSES):
                    now[f"{server.host}: {name}"] = value
        if before is None:
            return now
        return {name: round(value - before.get(name, 0)) for name, value in now.items() if value > before.get(name, 0)}

    def devices(self, server):
        """Returns the devices that a server lists: their states by id."""
        out = subprocess.run(self.network.inside("client") + ["java", "-jar", CLIENT, "--server", server.address, "devices",
                                                              "--json"], text=True, stdout=subprocess.PIPE).stdout
        return {d["device_id"]: d["state"] for d in json.loads(out)["devices"]} if out else {}

    def await_listed(self, server, *ids):
        for _ in range(20):
            if set(ids) <= set(self.devices(server)):
                return
        raise TimeoutError(f"not listed: {ids}\n{server.log()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0]:
            for process in self.processes:
                tail = process.log()[-600:]
                print(f"--- {' '.join(process.process.args[4:])[:150]}\n{tail}", file=sys.stderr)
        for process in reversed(self.processes):
            with contextlib.suppress(ProcessLookupError):
                process.end()
        self.network.close()
        subprocess.run(["rm", "-r", self.folder], check=False)


def two_edges(fleet, *options, devices=1, nodes=3):
    """Starts nodes n1 to n3 and edges e1 and e2. Both kinds have the history of the options."""
    nodes = [fleet.node(f"n{i + 1}", *options, devices=devices) for i in range(nodes)]
    edges = [fleet.edge("e1", *options), fleet.edge("e2", *options)]
    for edge in edges:
        fleet.await_listed(edge, *(f"n{i + 1}/count" for i in range(len(nodes))))
    return nodes, edges


def ids(nodes, devices=1):
    """Returns the ids of all devices on an edge."""
    return [f"n{i + 1}/count{k or ''}" for i in range(nodes) for k in range(devices)]
