"""The blocking client and a real server."""
import datetime
import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys
import threading
import time

import pytest
from accounting import FRESH, STALL, Account, age
from conftest import Stopping

import lavalier
from lavalier import Cause, NoticeKind

WHISPER = "16000/1/s16le"
FRAMES = 20  # 0.4 s, of which Opus needs 80 ms
PROBE = pathlib.Path(__file__).with_name("reader_probe.py")


@pytest.fixture
def client(server):
    with lavalier.connect(server.address) as client:
        yield client


def test_devices_and_info(client):
    [tone] = client.devices()
    assert (tone.device_id, tone.is_default, tone.node_id) == ("tone", True, "")
    assert str(tone.capture_format) == "48000/2/s16le"
    info = client.info()
    assert {"history", "steady_time", "levels"} <= info.capabilities
    assert (info.codecs, info.history, info.max_latency) == (("pcm", "opus", "flac"), 10.0, 60.0)


def test_frames_are_those_of_tone(client):
    account = Account()
    with client.stream("tone", frame_size=480, format="16000/1/f32le") as stream:
        assert (stream.start.device_id, stream.start.frame_size) == ("tone", 480)
        for frame in stream:
            account.add(stream, frame)
            assert len(frame.pcm) == 4 * 480
            if account.received >= 16_000:
                break
    assert abs(time.time() - frame.time) < 60
    assert 0.24 < abs(frame.samples).max() < 0.26  # -12 dBFS


def test_default_stream_opens_when_it_is_read(client):
    stream = client.stream()
    with pytest.raises(RuntimeError, match="^stream: not open"):
        stream.start
    assert stream.read().format == stream.start.capture_format
    stream.close()
    assert stream.read() is None
    assert list(stream) == []


def test_close_by_other_thread_ends_loop(client):
    with client.stream("tone") as stream:
        assert stream.read() is not None
        threading.Timer(0.1, stream.close).start()
        for frame in stream:
            assert frame.pcm
        assert stream.read() is None


def test_closed_client_ends_streams_and_refuses_calls(server):
    client = lavalier.connect(server.address)
    stream = client.stream("tone")
    assert stream.read() is not None
    client.close()
    assert stream.read() is None
    for call in (client.devices, client.stream, client.levels):
        with pytest.raises(RuntimeError, match=r"^client: closed \(expected: an open client\)$"):
            call()


def test_error_has_message_of_server(client):
    with pytest.raises(lavalier.DeviceNotFoundError, match=r"^device_id: moon \(expected: one of tone\)$"):
        client.stream("moon").open()
    with pytest.raises(lavalier.FormatNotAvailableError, match="^format"):
        client.stream("tone", format="16001/1/s16le").open()
    with pytest.raises(lavalier.InvalidRequestError, match="^frame_size: 99999 "):
        client.stream("tone", frame_size=99_999).open()


@pytest.mark.parametrize("address, reason", [
    ("127.0.0.1:1", "connection refused; is lavalier-server running?"),
    ("unix:/nosuch/socket", "no such file; is lavalier-server running with --unix-socket?")])
def test_unreachable_server_is_one_line(address, reason):
    with lavalier.connect(address) as client:
        for call in (client.devices, client.stream("tone").open, lambda: list(client.levels())):
            with pytest.raises(lavalier.UnavailableError) as error:
                call()
            assert str(error.value) == f"server: {address} (expected: a Lavalier server; {reason})"
            assert error.value.retryable


def test_unix_socket(server):
    with lavalier.connect(server.unix, token="unused") as client:
        assert client.stream("tone").read() is not None


def test_levels_are_those_of_tone(client):
    with client.levels("tone", interval=0.05) as levels:
        for count, each in enumerate(levels):
            assert each.sample_count + each.lost_sample_count == 2_400
            if count == 2:
                levels.close()
    assert count == 2
    assert [round(channel.peak, 2) for channel in each.channels] == [0.25, 0.25]
    with pytest.raises(lavalier.InvalidRequestError, match="^interval_ms: 1 "):
        next(iter(client.levels("tone", interval=0.001)))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed (Debian: ffmpeg)")
def test_flac_packets_make_file(client, tmp_path):
    path = tmp_path / "tone.flac"
    with client.stream("tone", format=WHISPER, frame_size=960, codec="flac", packets=True) as stream:
        assert stream.start.codec == "flac"
        packets = [frame.packet for frame, _ in zip(stream, range(10))]
        path.write_bytes(stream.start.codec_config + b"".join(packets))
    pcm = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "s16le", "-"], check=True,
                         capture_output=True).stdout
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    assert len(samples) == 9_600
    assert 8_000 < max(samples) < 8_500  # -12 dBFS


def frames_of_two(client, **options):
    """Returns pairs of frames of the same samples: of a stream of PCM, and of one with these options. The frames are
    without a gap, which a server on a busy machine leaves while it encodes."""
    with client.stream("tone", max_latency=30, format=options["format"]) as pcm:
        with client.stream("tone", max_latency=30, **options) as other:
            assert other.start.epoch == pcm.start.epoch
            encoded = {}
            while len(encoded) < FRAMES:
                frame = other.read()
                if frame.gap is not None:
                    encoded.clear()
                encoded[frame.sample_index] = frame
            plain = {}
            while not plain or max(plain) < max(encoded):
                frame = pcm.read()
                plain[frame.sample_index] = frame
    return [(plain[index], encoded[index]) for index in sorted(encoded)]


@pytest.mark.parametrize("text", ["48000/2/s16le", "16000/1/s24le"])
def test_flac_has_samples_of_pcm(client, text):
    pytest.importorskip("av", reason="PyAV is not installed (Debian: python3-av)")
    pairs = frames_of_two(client, format=text, codec="flac")
    assert len(pairs) == FRAMES
    for plain, encoded in pairs:
        assert encoded.pcm == plain.pcm
        assert encoded.packet == b""


@pytest.mark.parametrize("text, bitrate, noise", [
    ("48000/2/s16le", 0, 0.01), ("16000/1/s16le", 64_000, 0.01),
    ("8000/1/s16le", 16_000, 0.05)])  # coded as speech: later by half a sample
def test_opus_has_samples_of_pcm_later(client, text, bitrate, noise):
    pytest.importorskip("av", reason="PyAV is not installed (Debian: python3-av)")
    numpy = pytest.importorskip("numpy", reason="numpy is not installed (Debian: python3-numpy)")
    pairs = frames_of_two(client, format=text, codec="opus", bitrate=bitrate)
    plain, encoded = (numpy.concatenate([pair[k].samples for pair in pairs]).astype("float64") for k in (0, 1))
    rate = pairs[0][0].format.sample_rate
    delay = rate * 65 // 10_000
    begin = rate // 5  # the decoder has converged
    difference = encoded[begin + delay:] - plain[begin:len(plain) - delay]
    assert (difference**2).mean() < noise * (plain**2).mean()


def test_stalled_reader_gets_fresh_frame_and_exact_gap(client):
    account = Account()
    with client.stream("tone", format=WHISPER) as stream:
        for _ in range(20):
            account.add(stream, stream.read())
        time.sleep(STALL)
        frame = stream.read()
        assert age(client.info(), frame) < FRESH
        account.add(stream, frame)
        assert account.missing > (STALL - 1) * 16_000
        assert account.causes == {Cause.SLOW_SUBSCRIBER}


def test_slow_reader_gets_only_fresh_frames(client):
    account = Account()
    with client.stream("tone", format=WHISPER) as stream:
        for _ in range(20):
            frame = stream.read()
            account.add(stream, frame)
            assert age(client.info(), frame) < FRESH
            time.sleep(0.1)  # five times as long as the frame
    assert account.missing > account.received


def test_silent_server_is_given_up(silent_server):
    with lavalier.connect(silent_server) as client:
        for call in (client.stream("tone").open, lambda: list(client.levels("tone"))):
            with pytest.raises(lavalier.UnavailableError, match="it did not answer in 1 s"):
                call()


def test_evicted_reader_resumes(run_server):
    server = run_server("--demo", "--web-port", "0", "--stall-limit-s", "1")
    account = Account()
    notices = []
    with lavalier.connect(server.address) as client:
        with client.stream("tone", format=WHISPER, on_notice=notices.append) as stream:
            for _ in range(20):
                account.add(stream, stream.read())
            time.sleep(STALL)
            while not account.missing or len(notices) < 2:
                account.add(stream, stream.read())
            assert age(client.info(), stream.read()) < FRESH
    assert [notice.kind for notice in notices] == [NoticeKind.RECONNECTING, NoticeKind.RECONNECTED]
    assert notices[0].message.startswith("the server ended the stream, reconnecting for at most 300 s: ")
    assert Cause.SLOW_SUBSCRIBER in account.causes


def test_stopped_process_gets_fresh_frame_and_exact_gap(server):
    probe = Stopping([sys.executable, str(PROBE), server.address])
    try:
        before = [line.split() for line in probe.lines(20)]
        probe.stop()
        time.sleep(STALL)
        probe.resume()
        after = [line.split() for line in probe.lines(50)]
    finally:
        probe.close()
    following = None
    for index, gap, _ in before + after:
        assert following is None or int(index) == following + int(gap)
        following = int(index) + 320
    gaps = [int(gap) for _, gap, _ in after]
    assert max(gaps) > (STALL - 1) * 16_000
    resumed = gaps.index(max(gaps))
    assert max(float(seconds) for _, _, seconds in after[resumed:]) < FRESH


def test_stalled_network_delivers_nothing_old(server, proxy, client):
    account = Account()
    with lavalier.connect(proxy.address) as stalled:
        with stalled.stream("tone", format=WHISPER) as stream:
            for _ in range(20):
                account.add(stream, stream.read())
            proxy.stall()
            threading.Timer(STALL, proxy.flow).start()
            while not account.missing:
                frame = stream.read()
                account.add(stream, frame)
            assert age(client.info(), frame) < FRESH
    assert account.missing > (STALL - 1) * 16_000


def test_cut_connection_resumes_without_loss_from_history(proxy):
    notices = []
    account = Account()
    with lavalier.connect(proxy.address) as client:
        with client.stream("tone", format=WHISPER, max_latency=5, on_notice=notices.append) as stream:
            for _ in range(20):
                account.add(stream, stream.read())
            epoch = account.epoch
            proxy.cut()
            while len(notices) < 2:
                account.add(stream, stream.read())
    # The last subscriber has gone for a moment, so the device can have been closed and opened again.
    if account.epoch == epoch:
        assert account.missing == 0
        assert notices[1].message.endswith("no samples are missing")
    else:
        assert Cause.NOT_KEPT in account.causes
    assert notices[0].message.startswith("connection lost, reconnecting for at most 300 s: server: ")


def test_cut_connection_loses_nothing_while_device_stays_open(server, proxy, client):
    account = Account()
    notices = []
    with client.stream("tone"), lavalier.connect(proxy.address) as cut:
        with cut.stream("tone", format=WHISPER, max_latency=5, on_notice=notices.append) as stream:
            for _ in range(20):
                account.add(stream, stream.read())
            proxy.cut()
            while len(notices) < 2:
                account.add(stream, stream.read())
    assert notices[1].message.endswith("no samples are missing")
    assert account.missing == 0


def test_restarted_server_resumes_with_estimated_gap(run_server):
    server = run_server("--demo", "--web-port", "0")
    notices = []
    account = Account()
    with lavalier.connect(server.address) as client:
        with client.stream("tone", format=WHISPER, on_notice=notices.append) as stream:
            first = stream.read()
            account.add(stream, first)
            for _ in range(20):
                account.add(stream, stream.read())
            server.kill()
            server.start()
            while len(notices) < 2:
                frame = stream.read()
                account.add(stream, frame)
    assert [notice.kind for notice in notices] == [NoticeKind.RECONNECTING, NoticeKind.RECONNECTED]
    assert frame.gap.estimated
    # The samples and the gap are as long as the time that passed.
    assert account.received + account.missing - 320 == pytest.approx((frame.time - first.time) * 16_000, abs=4_000)


def test_preroll_comes_first(client):
    with client.stream("tone") as open_device, client.stream("tone", format=WHISPER) as live:
        del open_device
        for _ in range(50):  # 1 s
            newest = live.read()
        with client.stream("tone", format=WHISPER, preroll=0.5) as stream:
            assert stream.start.preroll == 0.5
            assert stream.read().time < newest.time - 0.3


def certificate(folder, name):
    """Creates a certificate for localhost that signs itself."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / f"{name}.key", "-out",
                    folder / f"{name}.pem"], check=True, capture_output=True)
    return str(folder / f"{name}.pem")


def test_encryption_and_tokens(run_server, tmp_path):
    ca, other = certificate(tmp_path, "server"), certificate(tmp_path, "other")
    ann, ben = "lav_of_ann", "lav_of_ben"
    tokens = tmp_path / "tokens"

    def write_tokens(ben_expires):
        (tmp_path / "new").write_text("".join(
            f"{name} sha256:{hashlib.sha256(token.encode()).hexdigest()} stream=tone{more}\n"
            for name, token, more in [("ann", ann, ""), ("ben", ben, ben_expires)]))
        (tmp_path / "new").chmod(0o600)
        (tmp_path / "new").replace(tokens)

    write_tokens("")
    server = run_server("--demo", "--web-port", "0", "--token-file", str(tokens), "--tls-cert", ca, "--tls-key",
                        str(tmp_path / "server.key"))
    address = f"localhost:{server.port}"
    with lavalier.connect(address, ca=ca, token=ben) as client:
        with client.stream("tone") as stream:
            soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
            write_tokens(f" expires={soon:%Y-%m-%dT%H:%M:%SZ}")
            with pytest.raises(lavalier.NotAuthenticatedError):
                for _ in stream:
                    pass
    with lavalier.connect(address, ca=ca, token=lambda: ann) as client:
        assert client.stream("tone").read() is not None
    for options, error, message in [
            ({"ca": ca}, lavalier.NotAuthenticatedError, "authorization"),
            ({"ca": ca, "token": "wrong"}, lavalier.NotAuthenticatedError, "authorization"),
            ({"ca": other, "token": ann}, lavalier.TlsFailedError, "a trusted certificate"),
            ({"tls": True, "token": ann}, lavalier.TlsFailedError, "a trusted certificate"),
            ({}, lavalier.UnavailableError, "it may require TLS")]:
        with lavalier.connect(address, **options) as client:
            for call in (client.devices, client.stream("tone").open):
                with pytest.raises(error) as failed:
                    call()
                assert message in str(failed.value) and "\n" not in str(failed.value)
                assert ann not in str(failed.value)


def test_client_certificate(run_server, tmp_path):
    ca, me = certificate(tmp_path, "server"), certificate(tmp_path, "me")
    server = run_server("--demo", "--web-port", "0", "--tls-cert", ca, "--tls-key", str(tmp_path / "server.key"),
                        "--tls-client-ca", me)
    address = f"localhost:{server.port}"
    with lavalier.connect(address, ca=ca, cert=me, key=str(tmp_path / "me.key")) as client:
        assert client.stream("tone").read() is not None
    with lavalier.connect(address, ca=ca) as client:
        with pytest.raises(lavalier.Error, match=f"^server: {address} "):
            client.devices()


def test_server_without_encryption_is_reported(server, tmp_path):
    with lavalier.connect(server.address, ca=certificate(tmp_path, "server")) as client:
        with pytest.raises(lavalier.TlsFailedError, match="the server answers without TLS"):
            client.devices()
