"""Values, options and addresses."""
import sys

import grpc
import pytest
from scripted import Script, options, started

import lavalier
from lavalier import Cause, Format, Frame, Gap, GapPart, StreamStart, _messages
from lavalier._endpoint import Endpoint
from lavalier.v1 import audio_capture_pb2 as pb


def start(text, frame_size=2):
    return StreamStart("mic", 1, Format.parse(text), frame_size, Format.parse(text), 0.2, 0.0, "pcm", b"", 0)


def frame_of(text, pcm, **fields):
    return Frame(start(text, **fields), pcm, b"", 0, 1_500_000_000, 0, 0, None)


@pytest.mark.parametrize("text, pcm, expected", [
    ("8000/2/s16le", "0100ff7f0080ffff", [[1, 32767], [-32768, -1]]),
    ("8000/1/s24le", "ffff7f000080", [[8388607], [-8388608]]),
    ("8000/1/s32le", "ffffff7f00000080", [[2147483647], [-2147483648]]),
    ("8000/1/f32le", "0000803f000000bf", [[1.0], [-0.5]])])
def test_samples_are_numpy_array_of_frame(text, pcm, expected):
    numpy = pytest.importorskip("numpy", reason="numpy is not installed (Debian: python3-numpy)")
    samples = frame_of(text, bytes.fromhex(pcm)).samples
    assert samples.tolist() == expected
    assert samples.dtype == {"s16le": "int16", "f32le": "float32"}.get(text.split("/")[2], "int32")
    assert samples.shape == (2, len(expected[0]))
    assert isinstance(samples, numpy.ndarray)


def test_samples_are_view():
    pytest.importorskip("numpy", reason="numpy is not installed (Debian: python3-numpy)")
    samples = frame_of("8000/1/s16le", bytes(4)).samples
    assert not samples.flags.owndata
    assert not samples.flags.writeable


def test_samples_without_numpy_name_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=r"^numpy: not installed \(expected: the package numpy"):
        frame_of("8000/1/s16le", bytes(4)).samples


def test_time_is_in_seconds():
    assert frame_of("8000/1/s16le", bytes(4)).time == 1.5


@pytest.mark.parametrize("text", ["", "16000", "16000/1", "16000/1/s8", "16k/1/s16le", "-1/1/s16le", "1/1/s16le/1",
                                  "99999999999/1/s16le"])
def test_malformed_format_is_refused(text):
    with pytest.raises(ValueError, match=r"^format: .*\(expected: RATE/CHANNELS/ENCODING"):
        Format.parse(text)


def test_format_has_text_and_size():
    assert str(Format.parse("48000/2/s24le")) == "48000/2/s24le"
    assert Format.parse("48000/2/s24le").bytes_per_sample == 6


def test_gap_adds_up_parts_of_equal_cause():
    gap = Gap.of([GapPart(3, Cause.NOT_KEPT, True), GapPart(5, Cause.DEVICE_LOST, False),
                  GapPart(4, Cause.NOT_KEPT, False)])
    assert gap.parts == (GapPart(7, Cause.NOT_KEPT, True), GapPart(5, Cause.DEVICE_LOST, False))
    assert (gap.sample_count, gap.cause, gap.estimated) == (12, Cause.NOT_KEPT, True)


def test_gap_of_newer_server_has_unknown_cause():
    assert _messages.gap(pb.Gap(sample_count=1, cause=99)).cause == Cause.UNKNOWN


def test_gap_of_server_keeps_parts():
    gap = _messages.gap(pb.Gap(sample_count=3, cause=pb.GAP_CAUSE_SERVER_OVERLOAD, parts=[
        pb.GapPart(sample_count=2, cause=pb.GAP_CAUSE_SERVER_OVERLOAD),
        pb.GapPart(sample_count=1, cause=pb.GAP_CAUSE_DEVICE_OVERRUN, estimated=True)]))
    assert gap.parts == (GapPart(2, Cause.SERVER_OVERLOAD, False), GapPart(1, Cause.DEVICE_OVERRUN, True))


@pytest.mark.parametrize("change, message", [
    ({"format": "wav"}, "format: wav (expected: RATE/CHANNELS/ENCODING"),
    ({"overflow": "block"}, "overflow: block (expected: drop_oldest or close)"),
    ({"on_device_loss": "ask"}, "on_device_loss: ask (expected: fail or wait)"),
    ({"codec": "mp3"}, "codec: mp3 (expected: pcm or opus or flac)"),
    ({"frame_size": -1}, "frame_size: -1 (expected: 0 to 2147483647)"),
    ({"channel_map": (1, -1)}, "channel_map: -1 (expected: 0 to 2147483647)"),
    ({"max_latency": float("nan")}, "max_latency: nan (expected: 0 to 2147483 seconds)"),
    ({"preroll": -1.0}, "preroll: -1.0 (expected: 0 to 2147483 seconds)"),
    ({"reconnect": -1.0}, "reconnect: -1.0 (expected: 0 or more seconds)")])
def test_option_out_of_range_is_refused(change, message):
    with pytest.raises(ValueError) as refused:
        options(**change)
    assert str(refused.value).startswith(message)


def test_options_become_request():
    request = options(device="mic", format="16000/1/f32le", channel_map=(2,), frame_size=480, max_latency=1.5,
                      overflow="close", on_device_loss="wait", preroll=10.0, codec="flac", bitrate=0,
                      packets=True, clock_notices=True).request()
    assert request == pb.StreamFramesRequest(
        device_id="mic", channel_map=[2], frame_size=480, max_latency_ms=1500, preroll_ms=10_000, clock_notices=True,
        format=pb.AudioFormat(sample_rate_hz=16000, channel_count=1, encoding=pb.SAMPLE_ENCODING_F32LE),
        overflow_policy=pb.OVERFLOW_POLICY_CLOSE, on_device_loss=pb.ON_DEVICE_LOSS_WAIT, codec=pb.CODEC_FLAC)


def test_codec_of_newer_server_is_reported():
    message = started()
    message.started.codec = 99
    with pytest.raises(lavalier.InternalError, match=r"^codec: 99 \(expected: 0..3; the server is newer"):
        Script().run(message)


def endpoint(server="127.0.0.1:50051", tls=False, ca=None, cert=None, key=None, token=None):
    return Endpoint(server, tls, ca, cert, key, token)


@pytest.mark.parametrize("server", ["localhost:1", "127.0.0.1:65535", "[::1]:50051", "[fe80::1%eth0]:50051",
                                    "studio-2.example:50051", "unix:/run/lavalier/lavalier.sock", "unix:///run/l",
                                    "unix:relative"])
def test_address_is_accepted(server):
    assert endpoint(server).channel_arguments()[0] == server


@pytest.mark.parametrize("server, expected", [
    ("", "HOST:PORT"), ("localhost", "HOST:PORT"), ("localhost:0", "HOST:PORT"), ("localhost:65536", "HOST:PORT"),
    ("::1:50051", "HOST:PORT"), ("http://localhost:50051", "HOST:PORT"), ("a b:1", "HOST:PORT"),
    ("/run/l.sock", "unix:/run/l.sock for a Unix socket"), ("unix:", "unix:PATH"), ("unix://host/path", "unix:PATH"),
    ("unix:/" + "x" * 107, "a path of at most 107 bytes"), ("localhost:1\nx", "HOST:PORT")])
def test_malformed_address_is_refused(server, expected):
    with pytest.raises(ValueError, match="^server: ") as refused:
        endpoint(server)
    assert f"(expected: {expected}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_authority_of_link_local_address_has_no_zone():
    assert ("grpc.default_authority", "[fe80::1]:50051") in endpoint("[fe80::1%eth0]:50051").channel_arguments()[2]


@pytest.mark.parametrize("server", ["localhost:1", "127.8.8.8:1", "[::1]:1", "unix:/run/l"])
def test_token_is_sent_in_plain_text_only_to_this_machine(server):
    assert endpoint(server, token="secret").metadata() == (("authorization", "Bearer secret"),)
    with pytest.raises(ValueError, match=r"^token: not sent to studio:1 without encryption \(expected: TLS") as refused:
        endpoint("studio:1", token="secret")
    assert "secret" not in str(refused.value)
    assert endpoint("studio:1", tls=True, token="secret").metadata()


@pytest.mark.parametrize("token", ["", "se cret", "se\ncret", "sécret"])
def test_malformed_token_is_not_shown(token):
    with pytest.raises(ValueError, match="^token: not shown "):
        endpoint(token=token)
    with pytest.raises(lavalier.NotAuthenticatedError, match="it raised ValueError") as refused:
        endpoint(token=lambda: token).metadata()
    assert "cret" not in str(refused.value)


def test_token_source_is_asked_for_each_call():
    tokens = iter(["first", "second"])
    source = endpoint(token=lambda: next(tokens))
    assert source.metadata() == (("authorization", "Bearer first"),)
    assert source.metadata() == (("authorization", "Bearer second"),)
    with pytest.raises(lavalier.NotAuthenticatedError, match="it raised StopIteration"):
        source.metadata()


class Failure(grpc.RpcError):
    """The end of a call."""

    def __init__(self, code, details):
        self.code = lambda: code
        self.details = lambda: details


@pytest.mark.parametrize("details, reason", [
    ("failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Failed to connect to remote host: "
     "Connection refused", "connection refused; is lavalier-server running?"),
    ("DNS resolution failed for nosuch:1: C-ares status is not ARES_SUCCESS qtype=AAAA name=nosuch is_balancer=0: "
     "Domain name not found", "the host name is unknown"),
    ("failed to connect to all addresses; last error: UNKNOWN: ipv6:%5Bfe80::1%5D:1: Network is unreachable",
     "Network is unreachable"),
    ("failed to connect to all addresses; last error: UNKNOWN: unix:/run/l: Permission denied",
     "permission denied; your user needs write permission for the socket's file"),
    ("failed to connect to all addresses; last error: UNAVAILABLE: ipv4:127.0.0.1:1: Socket closed",
     "the server closed the connection; it may require TLS"),
    ("keepalive watchdog timeout", "the server closed the connection")])
def test_failed_connection_is_one_line(details, reason):
    error = endpoint().error(Failure(grpc.StatusCode.UNAVAILABLE, details))
    assert isinstance(error, lavalier.UnavailableError)
    assert str(error) == f"server: 127.0.0.1:50051 (expected: a Lavalier server; {reason})"


@pytest.mark.parametrize("details, expected", [
    ("Ssl handshake failed: SSL_ERROR_SSL: error:0A000086:SSL routines::certificate verify failed",
     "a trusted certificate; the server's has another issuer, none, or has expired"),
    ("Peer name 127.0.0.1 is not in peer certificate", "a certificate for that name; the server's is for another one"),
    ("Ssl handshake failed: SSL_ERROR_SSL: error:0A00010B:SSL routines::wrong version number",
     "TLS; the server answers without TLS"),
    ("Ssl handshake failed: SSL_ERROR_SSL: error:0A000410:SSL routines::sslv3 alert handshake failure",
     "TLS 1.2 or 1.3; the handshake failed")])
def test_failed_handshake_is_one_line(details, expected):
    details = f"failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: {details}"
    error = endpoint(tls=True).error(Failure(grpc.StatusCode.UNAVAILABLE, details))
    assert isinstance(error, lavalier.TlsFailedError)
    assert not error.retryable
    assert str(error) == f"server: 127.0.0.1:50051 (expected: {expected})"


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_each_status_has_error_with_message_of_server(code):
    error = endpoint().error(Failure(code, "a reason\nand a second line"))
    assert str(error) == "a reason"
    assert type(error) in lavalier.Error.__subclasses__()
    assert error.retryable == isinstance(error, (lavalier.UnavailableError, lavalier.LimitReachedError))
    assert "the call ended with" in str(endpoint().error(Failure(code, None)))


def test_deadline_of_client_is_silence_of_server():
    error = endpoint().error(Failure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"))
    assert isinstance(error, lavalier.UnavailableError)
    assert str(error).endswith("it did not answer in 10 s)")


def test_end_of_call_of_closed_client_is_cancellation():
    closed = endpoint()
    closed.closed = True
    for code in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE):
        assert isinstance(closed.error(Failure(code, "Channel closed!")), lavalier.CancelledError)


def test_unreadable_certificates_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^ca: .*\(expected: a PEM file; No such file"):
        endpoint(ca=str(tmp_path / "none"))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match=r"^ca: .*\(expected: a PEM file with a certificate\)"):
        endpoint(ca=str(tmp_path / "text"))
    with pytest.raises(ValueError, match=r"^cert, key: a, None \(expected: both or none\)"):
        endpoint(cert="a")


def test_input_has_format_of_its_class():
    with pytest.raises(ValueError, match="encodings s16le, f32le"):
        lavalier.AudioInput("127.0.0.1:1", format="48000/1/s24le")
    with pytest.raises(ValueError, match="encodings s16le, f32le"):
        lavalier.AudioInput("127.0.0.1:1", format="0/1/s16le")


