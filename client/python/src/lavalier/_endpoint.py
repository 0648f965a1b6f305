"""The server that a client connects to: its address, encryption, credentials and errors."""
from __future__ import annotations

import ipaddress
import re
from typing import Any, Callable, List, Optional, Tuple, Union

import grpc

from . import _errors, _messages

Token = Union[str, Callable[[], str], None]
Metadata = Tuple[Tuple[str, str], ...]

CALL_TIMEOUT = 10.0
"""How long a call with one answer can take, in seconds."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+(?P<zone>%[-\w.~]+)?\]|[-\w.]+):(?P<port>[0-9]{1,5})", re.ASCII)
_TOKEN = re.compile(r"[!-~]+")
_MAX_PATH_BYTES = 107  # the limit of the kernel for a Unix socket, without the byte that ends the name
_UNREACHABLE = ("failed to connect to all addresses", "DNS resolution failed", "Socket closed", "GOAWAY",
                "Connection reset", "keepalive", "ping timeout", "Broken pipe", "Stream removed", "Transport closed")
_TLS_REASONS = (
    (re.compile("certificate.verify.failed", re.I), "a trusted certificate; the server's has another issuer, none, "
                                                    "or has expired"),
    (re.compile("wrong.version.number", re.I), "TLS; the server answers without TLS"),
    (re.compile("is not in peer certificate"), "a certificate for that name; the server's is for another one"),
    (re.compile("handshake failed", re.I), "TLS 1.2 or 1.3; the handshake failed"),
)

_OPTIONS: List[Tuple[str, Any]] = [
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),  # a channel is a connection of its own
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
]


class Endpoint:
    """Safe for use from any thread."""

    def __init__(self, server: str, tls: bool, ca: Optional[str], cert: Optional[str], key: Optional[str],
                 token: Token) -> None:
        """Checks the values. Raises ValueError."""
        self.server = server
        self._ca = ca
        self._cert = cert
        self._key = key
        self._token = token
        self._tls = tls or ca is not None or cert is not None
        self._credentials: Optional[grpc.ChannelCredentials] = None  # the last ones that were valid
        self.closed = False
        local = self._parse()
        if (cert is None) != (key is None):
            raise ValueError(f"cert, key: {cert}, {key} (expected: both or none)")
        if token is not None and not self._tls and not local:
            raise ValueError(f"token: not sent to {server} without encryption (expected: TLS, or a loopback address)")
        if isinstance(token, str):
            _check_token(token)
        self.channel_arguments()

    def _parse(self) -> bool:
        """Returns whether the server is surely on this machine."""
        self._options = list(_OPTIONS)
        line = self.server.splitlines()[0] if self.server else ""
        if self.server.startswith("unix:"):
            path = re.sub("^///", "/", self.server[len("unix:"):])
            if not path or path.startswith("//") or re.search("[\0-\x1f]", path):
                raise ValueError(f"server: {line} (expected: unix:PATH, for example unix:/run/lavalier/lavalier.sock)")
            if len(path.encode()) > _MAX_PATH_BYTES:
                raise ValueError(f"server: {line} (expected: a path of at most {_MAX_PATH_BYTES} bytes)")
            return True
        match = _ADDRESS.fullmatch(self.server)
        if match is None or not 1 <= int(match["port"]) <= 65_535:
            expected = "HOST:PORT, for example 127.0.0.1:50051 or [::1]:50051"
            if line.startswith("/"):
                expected = f"unix:{line} for a Unix socket"
            raise ValueError(f"server: {line} (expected: {expected})")
        zone = match["zone"] or ""
        if zone:  # it has no meaning for the server
            self._options.append(("grpc.default_authority", self.server.replace(zone, "")))
        host = match["host"].strip("[]").replace(zone, "")
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host.lower() == "localhost"

    def channel_arguments(self) -> "tuple[str, Optional[grpc.ChannelCredentials], list[tuple[str, Any]]]":
        """Returns the target, the credentials (None: plain text) and the options of a new channel.

        Reads the certificates again, so that replaced files are used. If they are invalid at this moment, the last
        valid ones are used. Raises ValueError if there were none.
        """
        if not self._tls:
            return self.server, None, self._options
        try:
            self._credentials = grpc.ssl_channel_credentials(
                _read_pem("ca", self._ca, b"CERTIFICATE"), _read_pem("key", self._key, b"PRIVATE KEY"),
                _read_pem("cert", self._cert, b"CERTIFICATE"))
        except ValueError:
            if self._credentials is None:
                raise
        return self.server, self._credentials, self._options

    def metadata(self) -> Metadata:
        """Returns the credentials of a call. Raises NotAuthenticatedError if the token's source has none."""
        if self._token is None:
            return ()
        token: object = self._token
        if callable(self._token):
            try:
                token = self._token()
                _check_token(token)
            except Exception as e:
                raise _errors.NotAuthenticatedError(
                    f"token: none (expected: one from the token source; it raised {type(e).__name__})") from e
        return (("authorization", f"Bearer {token}"),)

    def check_open(self) -> None:
        """Raises RuntimeError if the client was closed."""
        if self.closed:
            raise RuntimeError("client: closed (expected: an open client)")

    def error(self, status: grpc.RpcError) -> _errors.Error:
        """Returns the error for the end of a call; its message is one line."""
        code: grpc.StatusCode = status.code()
        details = (status.details() or "").split("\n")[0]
        if self.closed and code in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE):
            return _errors.CancelledError("client: closed (expected: an open client)")
        if code == grpc.StatusCode.UNAVAILABLE and any(each in details for each in _UNREACHABLE):
            for pattern, expected in _TLS_REASONS:
                if pattern.search(details):
                    return _errors.TlsFailedError(f"server: {self.server} (expected: {expected})")
            return _errors.UnavailableError(self._unreachable(self._reason(details)))
        if code == grpc.StatusCode.DEADLINE_EXCEEDED and details == "Deadline Exceeded":
            return self.silence(CALL_TIMEOUT)
        return _messages.error(code, details or self._unreachable(f"the call ended with {code.name}"))

    def silence(self, seconds: float) -> _errors.Error:
        """Returns the error for a server that did not answer in time."""
        return _errors.UnavailableError(self._unreachable(f"it did not answer in {max(1, round(seconds))} s"))

    def end_error(self) -> _errors.Error:
        """Returns the error for a stream that the server ended without a reason."""
        return _errors.InternalError(self._unreachable("it ended the stream without a reason"))

    def _unreachable(self, reason: str) -> str:
        return f"server: {self.server} (expected: a Lavalier server; {reason})"

    def _reason(self, details: str) -> str:
        if "Connection refused" in details:
            return "connection refused; is lavalier-server running?"
        if "DNS resolution failed" in details:
            return "the host name is unknown"
        if "No such file" in details:
            return "no such file; is lavalier-server running with --unix-socket?"
        if "Permission denied" in details:
            return "permission denied; your user needs write permission for the socket's file"
        if "Socket closed" in details and not self._tls:
            return "the server closed the connection; it may require TLS"
        if details.startswith("failed to connect"):
            return details.rsplit(": ", 1)[-1]
        return "the server closed the connection"


def _check_token(token: object) -> None:
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ValueError("token: not shown (expected: visible ASCII characters without spaces)")


def _read_pem(name: str, path: Optional[str], label: bytes) -> Optional[bytes]:
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as e:
        raise ValueError(f"{name}: {path} (expected: a PEM file; {e.strerror})") from e
    if not re.search(rb"-----BEGIN [A-Z ]*" + label, content):
        raise ValueError(f"{name}: {path} (expected: a PEM file with a {label.decode().lower()})")
    return content
