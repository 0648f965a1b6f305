"""Sounds for measurements of codecs: a voice of espeak-ng, and plucked strings. Needs numpy."""
import io
import subprocess
import wave

import numpy

TEXT = ("The server captures each device in one format, and delivers it to each subscriber in the format that the subscriber "
        "requests. A thin fox jumps over six quick, lazy dogs. She sells sea shells on the sea shore.")
STRINGS_HZ = (82.4, 110, 146.8, 196, 246.9, 329.6)


def speech(rate):
    """Returns samples of a voice from -1 to 1, with a little noise, as of a microphone."""
    output = subprocess.run(["espeak-ng", "--stdout", TEXT], stdout=subprocess.PIPE, check=True).stdout
    with wave.open(io.BytesIO(output)) as file:
        voice_rate = file.getframerate()
        voice = numpy.frombuffer(file.readframes(1 << 30), "<i2").astype(float)
    spectrum = numpy.fft.rfft(voice)
    length = len(voice) * rate // voice_rate
    voice = numpy.fft.irfft(numpy.resize(numpy.append(spectrum, numpy.zeros(length)), length // 2 + 1), length)
    return scaled(voice / numpy.abs(voice).max() + numpy.random.default_rng(1).normal(0, 1e-3, length))


def strings(rate, seconds=10):
    """Returns samples of plucked strings (Karplus and Strong), one every 0.2 s."""
    random = numpy.random.default_rng(2)
    out = numpy.zeros(rate * (seconds + 2))
    for pluck in range(5 * seconds):
        period = int(rate / STRINGS_HZ[pluck * 5 % len(STRINGS_HZ)])
        string = random.uniform(-1, 1, period)
        turns = []
        for _ in range(2 * rate // period):
            turns.append(string)
            string = 0.498 * (string + numpy.roll(string, -1))
        sound = numpy.concatenate(turns)
        begin = pluck * rate // 5
        out[begin:begin + len(sound)] += sound
    return scaled(out[:rate * seconds])


def scaled(samples):
    return samples * 0.5 / numpy.abs(samples).max()


def write(path, samples, rate, channels=1):
    """Writes a WAV file of 16 bits. A second channel is the first one, 1 ms later."""
    delayed = numpy.roll(samples, rate // 1000)
    data = numpy.stack([samples, delayed][:channels], axis=1)
    with wave.open(path, "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(numpy.round(32767 * data).astype("<i2").tobytes())


def read(path):
    """Returns the samples of the first channel of a WAV file of 16 bits, and its rate."""
    with wave.open(path) as file:
        data = numpy.frombuffer(file.readframes(1 << 30), "<i2").astype(float) / 32767
        return data[::file.getnchannels()], file.getframerate()
