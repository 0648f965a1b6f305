package dev.lavalier.codec.flac;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.container.FlacEncoder;
import dev.lavalier.container.FlacHeader;
import dev.lavalier.container.SampleFormat;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import java.util.Optional;

/**
 * FLAC with one block size for each stream. Each packet is one FLAC frame, and does not depend on
 * the others. The limits of the frame size are those of the streamable subset, so every decoder
 * accepts the frames. Immutable.
 */
public record FlacCodec() implements PacketCodec {

  private static final int MAX_CHANNELS = FlacEncoder.MAX_CHANNELS;
  private static final int MIN_BLOCK = 16;
  private static final int MAX_BLOCK = 4_608; // up to 48 kHz
  private static final int MAX_BLOCK_OF_HIGH_RATES = 16_384;
  private static final int HIGH_RATE_HZ = 48_000;

  /** Processor time in nanoseconds for each sample of a channel. */
  private static final double CHANNEL_NANOS = 30;

  /** The arrays of a coder of a channel, besides its samples. */
  private static final int SUBFRAME_BYTES = 2_200;

  @Override
  public SampleEncoding encodingFor(SampleEncoding captured) {
    return captured == SampleEncoding.S16LE ? SampleEncoding.S16LE : SampleEncoding.S24LE;
  }

  @Override
  public void check(PcmFormat format, int frameSize) throws StreamException {
    if (format.encoding() != SampleEncoding.S16LE && format.encoding() != SampleEncoding.S24LE) {
      throw new StreamException(
          Reason.FORMAT_NOT_AVAILABLE,
          "format.encoding: %s (expected: s16le, s24le with CODEC_FLAC)"
              .formatted(format.encoding()));
    }
    if (format.channelCount() > MAX_CHANNELS) {
      throw new StreamException(
          Reason.FORMAT_NOT_AVAILABLE,
          "format.channel_count: %d (expected: 1..%d with CODEC_FLAC)"
              .formatted(format.channelCount(), MAX_CHANNELS));
    }
    int max = format.sampleRateHz() > HIGH_RATE_HZ ? MAX_BLOCK_OF_HIGH_RATES : MAX_BLOCK;
    if (frameSize < MIN_BLOCK || frameSize > max) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "frame_size: %d (expected: %d..%d samples with CODEC_FLAC)"
              .formatted(frameSize, MIN_BLOCK, max));
    }
  }

  @Override
  public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
    FlacEncoder encoder = new FlacEncoder(samples(format), frameSize);
    return frame -> encoder.encode(frame.pcm(), frame.sampleIndex() / frameSize);
  }

  /** Returns the length of a frame whose samples cannot be compressed. */
  @Override
  public int packetBytes(PcmFormat format, int frameSize) {
    return FlacEncoder.maxFrameBytes(samples(format), frameSize);
  }

  @Override
  public long workNanosPerSecond(PcmFormat format, int frameSize) {
    // The mean and the difference of two channels are two more.
    int channels = format.channelCount() == 2 ? 4 : format.channelCount();
    return (long) (CHANNEL_NANOS * channels * format.sampleRateHz());
  }

  @Override
  public int encoderBytes(PcmFormat format, int frameSize) {
    return (format.channelCount() + 2) * (SUBFRAME_BYTES + 8 * frameSize)
        + packetBytes(format, frameSize);
  }

  /** Returns the beginning of a FLAC file: the marker and a STREAMINFO block. */
  @Override
  public byte[] config(PcmFormat format, int frameSize) {
    return FlacHeader.ofStream(samples(format), frameSize, Optional.empty());
  }

  private static SampleFormat samples(PcmFormat format) {
    return new SampleFormat(
        format.sampleRateHz(), format.channelCount(), format.encoding().bytesPerSample(), false);
  }

  @Override
  public int delayMicros() {
    return 0;
  }
}
