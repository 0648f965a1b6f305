"""Encodes test signals with PyAV."""
import pytest

av = pytest.importorskip("av", reason="PyAV is not installed (Debian: python3-av)")
numpy = pytest.importorskip("numpy", reason="numpy is not installed (Debian: python3-numpy)")

av.logging.set_level(av.logging.ERROR)

LAYOUTS = {1: "mono", 2: "stereo"}


def sine(rate, channels, count, hz=440, amplitude=0.25):
    """Returns the samples of a sine as floats of shape (count, channels)."""
    wave = amplitude * numpy.sin(2 * numpy.pi * hz * numpy.arange(count) / rate)
    return numpy.repeat(wave[:, None], channels, axis=1)


def _encode(name, rate, channels, sample_format, samples, frame_size, bit_rate=None, **options):
    """Returns the extradata of a new encoder, and its packets."""
    context = av.CodecContext.create(name, "w")
    context.sample_rate = rate
    context.layout = LAYOUTS[channels]
    context.format = sample_format
    context.options.update(options)
    if bit_rate:
        context.bit_rate = bit_rate
    context.open()
    packets = []
    for start in range(0, len(samples), frame_size):
        frame = av.AudioFrame.from_ndarray(samples[start:start + frame_size].reshape(1, -1), sample_format,
                                           LAYOUTS[channels])
        frame.sample_rate = rate
        frame.pts = start
        packets += [bytes(packet) for packet in context.encode(frame)]
    packets += [bytes(packet) for packet in context.encode(None)]
    return bytes(context.extradata), [packet for packet in packets if packet]


def opus(rate, channels, samples, frame_size, bit_rate=64_000):
    """Encodes int16 samples. Returns the configuration and one packet for each frame."""
    config, packets = _encode("libopus", rate, channels, "s16", samples, frame_size, bit_rate,
                              frame_duration=f"{1_000 * frame_size / rate:g}")
    return config, packets[:len(samples) // frame_size]


def opus_delay(config, rate):
    """Returns the delay of an encoder in samples of the rate."""
    return int.from_bytes(config[10:12], "little") * rate // 48_000


def flac(rate, channels, samples, frame_size):
    """Encodes int16 samples, or int32 samples with 24 bits. Returns the configuration and the packets."""
    wide = samples.dtype == numpy.int32
    packets = []
    for start in range(0, len(samples), frame_size):
        block = samples[start:start + frame_size]
        stream_info, packet = _encode("flac", rate, channels, "s32" if wide else "s16", block << 8 if wide else block,
                                      frame_size)
        packets += packet
    return b"fLaC\x80\0\0\x22" + stream_info, packets
