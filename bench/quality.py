#!/usr/bin/env python3
"""Compares the quality of Opus with that of libopus: the signal-to-noise ratio in each Bark band, and the bit rate.

A server plays a voice and plucked strings in a loop, 48 kHz mono. The program gets the packets of one turn in frames of 20 ms, for all bit
rates at the same time, and opusenc encodes the same sound, with its highest complexity. opusdec decodes both. The result is the mean of the ratios in the
bands from 100 Hz to 15.5 kHz, in dB, and the mean bit rate of the packets.

usage: quality.py [--bitrates 16000,...] [--java java]
Packages (Debian): espeak-ng opus-tools python3-numpy.
"""
import argparse
import os
import subprocess
import tempfile
import time

import numpy

import programs
import sounds
import streams

RATE, FRAME, WINDOW = 48_000, 960, 1024
BARK_HZ = (100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720, 2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400,
           7700, 9500, 12000, 15500)
SETTLING = RATE // 2  # samples until the encoder has adapted
CONFIG = 14  # the field of `started`


def crc(page):
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if value & 0x80000000 else value << 1
    return value


def ogg(packets):
    """Returns the packets as an Ogg file, one in each page. The first two are headers."""
    pages = []
    for index, packet in enumerate(packets):
        segments = [255] * (len(packet) // 255) + [len(packet) % 255]
        position = max(0, index - 1) * FRAME
        head = (b"OggS\0" + bytes([0 if index else 2]) + position.to_bytes(8, "little") + (1).to_bytes(4, "little")
                + index.to_bytes(4, "little"))
        tail = bytes([len(segments)]) + bytes(segments) + packet
        pages.append(head + crc(head + bytes(4) + tail).to_bytes(4, "little") + tail)
    return b"".join(pages)


def packets_of(data):
    """Returns the sizes of the packets in an Ogg file."""
    sizes, size, position = [], 0, 0
    while position < len(data):
        segments = data[position + 27:position + 27 + data[position + 26]]
        for each in segments:
            size += each
            if each < 255:
                sizes.append(size)
                size = 0
        position += 27 + len(segments) + sum(segments)
    return sizes[2:]


def decoded(directory, packets):
    source, target = (os.path.join(directory, name) for name in ("packets.opus", "decoded.wav"))
    with open(source, "wb") as file:
        file.write(packets)
    subprocess.run(["opusdec", "--quiet", "--rate", str(RATE), source, target], check=True)
    return sounds.read(target)[0], 8e-3 * RATE / FRAME * numpy.mean(packets_of(packets))


class Packets(streams.Stream):
    """The packets of one stream: the header of Opus, and `count` frames without a gap."""

    def __init__(self, port, name, bitrate, count):
        super().__init__(port, streams.request(name, FRAME, streams.OPUS, bitrate, max_latency_ms=10_000))
        self.header, self.first, self.packets, self.count = b"", None, [], count

    def read(self):
        for response in super().read():
            fields = streams.fields(response)
            if streams.STARTED in fields:
                self.header = streams.fields(fields[streams.STARTED])[CONFIG]
            elif len(self.packets) < self.count:
                frame = streams.fields(fields[streams.FRAME])
                index = frame.get(streams.SAMPLE_INDEX, 0)
                self.first = index if self.first is None else self.first
                if index != self.first + FRAME * len(self.packets):  # a gap: the machine was too busy, so start again
                    self.first, self.packets = index, []
                self.packets.append(frame[streams.PACKET])
        return []


def lavalier(directory, port, name, sound, bitrates):
    """Returns for each bit rate the decoded sound, the sound that was played meanwhile, and the bit rate."""
    calls = [Packets(port, name, bitrate, len(sound) // FRAME) for bitrate in bitrates]
    while any(len(call.packets) < call.count for call in calls):
        streams.read_all(calls, time.monotonic() + 1, None)
    streams.close(calls)
    for call in calls:
        samples, kbits = decoded(directory, ogg([call.header, b"OpusTags" + bytes(8), *call.packets]))
        yield samples, sound[(call.first + numpy.arange(len(samples))) % len(sound)], kbits


def libopus(directory, path, bitrate):
    target = os.path.join(directory, "libopus.opus")
    subprocess.run(["opusenc", "--quiet", "--vbr", "--bitrate", str(bitrate / 1000), path, target], check=True)
    with open(target, "rb") as file:
        return decoded(directory, file.read())


def power(samples):
    """Returns the mean power of each frequency."""
    count = len(samples) // WINDOW
    blocks = samples[:count * WINDOW].reshape(count, WINDOW) * numpy.hanning(WINDOW)
    return (numpy.abs(numpy.fft.rfft(blocks)) ** 2).mean(axis=0)


def snr(played, samples):
    """Returns the mean of the signal-to-noise ratios in the Bark bands, in dB."""
    length = min(len(played), len(samples))
    played, samples = played[SETTLING:length], samples[SETTLING:length]
    signal, noise = power(played), power(samples - played)
    hz = numpy.fft.rfftfreq(WINDOW, 1 / RATE)
    bands = [(hz >= low) & (hz < high) for low, high in zip(BARK_HZ, BARK_HZ[1:])]
    return numpy.mean([10 * numpy.log10(signal[band].sum() / noise[band].sum()) for band in bands])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bitrates", default="16000,24000,32000,48000,64000,96000,128000,192000")
    parser.add_argument("--java", default="java")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        flags = []
        for name, sound in (("voice", sounds.speech(RATE)), ("strings", sounds.strings(RATE))):
            sounds.write(os.path.join(directory, name + ".wav"), sound, RATE)
            flags += ["--wav", f"{name}={directory}/{name}.wav"]
        with programs.server(args.java, capture=f"{RATE}/1/s16le", flags=flags) as (_, address):
            port = int(address.rsplit(":", 1)[1])
            for name in ("voice", "strings"):
                path = os.path.join(directory, name + ".wav")
                sound, _ = sounds.read(path)
                bitrates = [int(each) for each in args.bitrates.split(",")]
                for bitrate, (samples, played, kbits) in zip(bitrates, lavalier(directory, port, name, sound, bitrates)):
                    other, other_kbits = libopus(directory, path, bitrate)
                    print(f"{name}, {bitrate} bit/s: Lavalier {snr(played, samples):.1f} dB at {kbits:.1f} kbit/s, "
                          f"libopus {snr(sound, other):.1f} dB at {other_kbits:.1f} kbit/s", flush=True)


if __name__ == "__main__":
    main()
