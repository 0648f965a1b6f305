"""Requests of streams that each need an encoder of their own."""
from lavalier.v1 import audio_capture_pb2 as pb

RATES_HZ = (48_000, 24_000, 16_000, 8_000)
FRAMES = (1, 2, 4, 8, 16, 24)  # in units of 2.5 ms
BITRATES = (16_000, 24_000, 32_000, 48_000, 64_000, 96_000, 128_000, 192_000)


def encoded(device_id, count):
    """Returns request number `count`: Opus, half of them in the shortest frames, and every fourth FLAC."""
    if count % 4 == 3:
        return pb.StreamFramesRequest(
            device_id=device_id, codec=pb.CODEC_FLAC, frame_size=16 + count // 4 % 4_000)
    rate = RATES_HZ[count // 4 % len(RATES_HZ)]
    units = FRAMES[0] if count % 2 else FRAMES[count // 16 % len(FRAMES)]
    return pb.StreamFramesRequest(
        device_id=device_id,
        codec=pb.CODEC_OPUS,
        bitrate=BITRATES[count // 32 % len(BITRATES)],
        frame_size=units * rate // 400,
        format=pb.AudioFormat(sample_rate_hz=rate, channel_count=1 + count // 8 % 2))
