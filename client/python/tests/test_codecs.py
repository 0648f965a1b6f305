"""Packets: what the reader gets of them. No test waits."""
import sys
import types

import pytest
from encoders import flac, numpy, opus, opus_delay, sine
from scripted import SIZE, Script, frame, options, started

import lavalier
from lavalier import Format, _messages
from lavalier.v1 import audio_capture_pb2 as pb

CODECS = {"opus": pb.CODEC_OPUS, "flac": pb.CODEC_FLAC}


def encoded_start(codec, audio, frame_size, config, epoch=1):
    message = started(epoch=epoch, frame_size=frame_size, max_latency_ms=60_000)
    message.started.codec = CODECS[codec]
    message.started.codec_config = config
    message.started.format.CopyFrom(_messages.audio_format_message(Format.parse(audio)))
    return message


def encoded_frame(number, packet, frame_size, missing=0):
    message = frame(number, missing=missing)
    message.frame.ClearField("pcm")
    message.frame.packet = packet
    message.frame.sample_index = number * frame_size
    return message


def opened(codec, audio, frame_size, config, **changes):
    script = Script(codec=codec, **changes)
    script.run(encoded_start(codec, audio, frame_size, config))
    return script


def decoded(script, packets, frame_size):
    """Returns the samples of all packets."""
    return numpy.concatenate([script.run(encoded_frame(number, packet, frame_size)).samples
                              for number, packet in enumerate(packets)])


@pytest.mark.parametrize("audio, frame_size", [
    ("48000/1/s16le", 480), ("48000/2/s24le", 960), ("16000/2/s16le", 16), ("44100/1/s24le", 441)])
def test_flac_is_decoded_to_encoded_samples(audio, frame_size):
    form = Format.parse(audio)
    bits = 16 if form.encoding == "s16le" else 24
    generator = numpy.random.default_rng(5)
    shape = (20 * frame_size, form.channels)
    samples = generator.integers(-2**(bits - 1), 2**(bits - 1), shape).astype("int16" if bits == 16 else "int32")
    samples[:frame_size] = 0
    config, packets = flac(form.sample_rate, form.channels, samples, frame_size)
    script = opened("flac", audio, frame_size, config)
    assert script.requests[0].subscribe.codec == pb.CODEC_FLAC
    assert (decoded(script, packets, frame_size) == samples).all()
    last = script.run(encoded_frame(20, packets[0], frame_size))
    assert (last.pcm, last.packet) == (bytes(len(last.pcm)), b"")
    assert len(last.pcm) == frame_size * form.bytes_per_sample


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("channels, millis", [(1, 20), (2, 10), (1, 60), (2, 2.5)])
def test_opus_is_decoded_with_its_delay(rate, channels, millis):
    frame_size = int(rate * millis / 1_000)
    tone = sine(rate, channels, rate // frame_size * frame_size, hz=1_000)
    config, packets = opus(rate, channels, (tone * 32_767).astype("int16"), frame_size, 96_000)
    script = opened("opus", f"{rate}/{channels}/s16le", frame_size, config)
    got = decoded(script, packets, frame_size) / 32_768
    delay = opus_delay(config, rate)
    begin = rate // 10  # the decoder has converged
    difference = got[begin + delay:] - tone[begin:len(tone) - delay]
    assert numpy.sqrt((difference**2).mean()) < 0.1 * 0.25 / numpy.sqrt(2), numpy.abs(difference).max()


def test_opus_continues_after_gap_at_any_packet():
    tone = sine(48_000, 1, 48_000)
    config, packets = opus(48_000, 1, (tone * 32_767).astype("int16"), 960)
    script = opened("opus", "48000/1/s16le", 960, config)
    decoded(script, packets[:20], 960)
    after = script.run(encoded_frame(27, packets[27], 960, missing=7 * 960))
    assert after.gap.sample_count == 7 * 960
    for number in range(28, 40):
        last = script.run(encoded_frame(number, packets[number], 960))
    expected = tone[39 * 960 - 312:40 * 960 - 312]
    assert numpy.abs(last.samples / 32_768 - expected).max() < 0.02


def test_each_epoch_has_new_decoder():
    config, packets = opus(48_000, 1, (sine(48_000, 1, 9_600) * 32_767).astype("int16"), 960)
    script = opened("opus", "48000/1/s16le", 960, config, on_device_loss="wait")
    first = decoded(script, packets, 960)
    script.run(encoded_start("opus", "48000/1/s16le", 960, config, epoch=2))
    assert (decoded(script, packets, 960) == first).all()


@pytest.mark.parametrize("codec", CODECS)
def test_packets_are_handed_out_as_they_came(codec):
    script = opened(codec, "16000/1/s16le", SIZE, b"config", packets=True)
    assert (script.session.start.codec, script.session.start.codec_config) == (codec, b"config")
    read = script.run(encoded_frame(0, b"\1\2\3", SIZE))
    assert (read.packet, read.pcm) == (b"\1\2\3", b"")
    with pytest.raises(ValueError, match=f"^samples: none .* a packet of {codec}"):
        read.samples


@pytest.mark.parametrize("codec", CODECS)
def test_malformed_packet_ends_stream(codec):
    samples = (sine(16_000, 1, 2 * SIZE) * 32_767).astype("int16")
    config, packets = {"opus": opus, "flac": flac}[codec](16_000, 1, samples, SIZE)
    _, longer = {"opus": opus, "flac": flac}[codec](16_000, 1, samples, 2 * SIZE)
    changed = bytearray(packets[0])
    changed[0] ^= 0xff
    for wrong in (b"", bytes(changed), longer[0]):
        script = opened(codec, "16000/1/s16le", SIZE, config)
        with pytest.raises(lavalier.InternalError, match=rf"^packet: .* \(expected: a packet of {codec}\)$") as error:
            script.run(encoded_frame(0, wrong, SIZE))
        assert "\n" not in str(error.value)


def test_changed_byte_of_flac_is_noticed():
    samples = (sine(16_000, 1, SIZE) * 32_767).astype("int16")
    config, [packet] = flac(16_000, 1, samples, SIZE)
    changed = bytearray(packet)
    changed[len(packet) // 2] ^= 4
    with pytest.raises(lavalier.InternalError, match="^packet: "):
        opened("flac", "16000/1/s16le", SIZE, config).run(encoded_frame(0, bytes(changed), SIZE))


@pytest.mark.parametrize("codec, audio", [
    ("opus", "44100/1/s16le"), ("opus", "48000/3/s16le"), ("opus", "48000/1/s24le"), ("flac", "48000/9/s16le"),
    ("flac", "48000/1/f32le")])
def test_format_that_codec_does_not_have_is_reported(codec, audio):
    with pytest.raises(lavalier.InternalError,
                       match=rf"^format: {audio} with frame_size 320 \(expected: a format of {codec}\)$"):
        opened(codec, audio, SIZE, b"")


def test_server_that_is_older_than_codecs_sends_pcm():
    script = Script(codec="opus")
    script.run(started())
    assert script.live(0).samples.tolist() == [[513]] * SIZE


def test_missing_library_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    for codec in CODECS:
        with pytest.raises(ImportError, match=f"^codec: {codec} .*the package av, .* or packets=True; .*python3-av"):
            options(codec=codec)
        assert options(codec=codec, packets=True).request().codec == CODECS[codec]
    assert options().request().codec == pb.CODEC_UNSPECIFIED


def test_missing_decoder_is_one_line(monkeypatch):
    def create(name, mode):
        raise ValueError(name)

    without = types.SimpleNamespace(CodecContext=types.SimpleNamespace(create=create))
    monkeypatch.setitem(sys.modules, "av", without)
    with pytest.raises(ImportError, match=r"^codec: opus \(expected: PyAV with the decoder libopus, or packets=True\)$"):
        options(codec="opus")
