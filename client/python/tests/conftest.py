"""A real server for the tests. TEST_SERVER_JAR names its jar; JAVA_HOME, the Java that runs it."""
import os
import pathlib
import signal
import socket
import subprocess
import threading

import pytest

TOP = pathlib.Path(__file__).resolve().parents[3]
JAR = os.environ.get("TEST_SERVER_JAR", str(TOP / "server/target/lavalier-server.jar"))
JAVA = os.path.join(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
READY = "lavalier-server listening on "


class Server:
    """The server program on a free port of loopback."""

    def __init__(self, log, *arguments):
        self.arguments = arguments
        self.log = log
        self.port = 0
        self.start()

    def start(self):
        """Starts it, on the same port as before."""
        command = [JAVA, "-jar", JAR, "--port", str(self.port), *self.arguments]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        assert line.startswith(READY), f"{line}\n{self.log.read_text()}"
        self.address = line[len(READY):].strip()
        self.port = int(self.address.rsplit(":", 1)[1])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def run_server(tmp_path_factory):
    """Returns a function that starts a server, which the end of the tests kills."""
    servers = []

    def run(*arguments):
        servers.append(Server(tmp_path_factory.mktemp("server") / "log", *arguments))
        return servers[-1]

    yield run
    for server in servers:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture(scope="session")
def server(run_server, tmp_path_factory):
    """A server with the test tone, which keeps the last 10 s of an open device."""
    socket_path = tmp_path_factory.mktemp("socket") / "s"
    server = run_server("--demo", "--web-port", "0", "--history-ms", "10000", "--unix-socket", str(socket_path))
    server.unix = f"unix:{socket_path}"
    return server


@pytest.fixture
def silent_server(monkeypatch):
    """The address of a server that accepts connections and does not answer. The clients wait for 1 s."""
    for module in ("_session", "_client", "aio"):
        monkeypatch.setattr(f"lavalier.{module}.ANSWER_TIMEOUT", 1_000_000_000)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class Proxy:
    """A port before a server. It forwards each connection, and can stall or cut all of them."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self._target = (host, int(port))
        self._sockets = []
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(self._target)
            self._sockets += [client, server]
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._forward, args=(source, sink), daemon=True).start()

    def _forward(self, source, sink):
        try:
            while True:
                data = source.recv(4096)
                self._flowing.wait()
                if not data:
                    break
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            each.close()

    def stall(self):
        self._flowing.clear()

    def flow(self):
        self._flowing.set()

    def cut(self):
        for each in self._sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._sockets.clear()

    def close(self):
        self._listener.close()
        self.flow()
        self.cut()


@pytest.fixture
def proxy(server):
    proxy = Proxy(server.address)
    yield proxy
    proxy.close()


class Stopping:
    """A process that SIGSTOP stops and SIGCONT continues."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def lines(self, count):
        return [self.process.stdout.readline() for _ in range(count)]

    def stop(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
