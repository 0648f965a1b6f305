package dev.lavalier.codec.flac;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;

/**
 * FLAC with one block size for each stream. Each packet is one FLAC frame, and does not depend on
 * the others. The limits of the frame size are those of the streamable subset, so every decoder
 * accepts the frames. Immutable.
 */
public record FlacCodec() implements PacketCodec {

  static final int MAX_CHANNELS = 8;

  private static final int MIN_BLOCK = 16;
  private static final int MAX_BLOCK = 4_608; // up to 48 kHz
  private static final int MAX_BLOCK_OF_HIGH_RATES = 16_384;
  private static final int HIGH_RATE_HZ = 48_000;

  /** The header and the checksums of a frame, and the header of each subframe. */
  private static final int FRAME_BYTES = 18;

  /** Processor time in nanoseconds for each sample of a channel. */
  private static final double CHANNEL_NANOS = 30;

  /** The arrays of a coder of a channel, besides its samples. */
  private static final int SUBFRAME_BYTES = 2_200;

  private static final int MARKER_BYTES = 4;
  private static final int STREAMINFO_BYTES = 34;
  private static final int LAST_BLOCK_STREAMINFO = 0x80;

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
    return new FlacEncoder(format, frameSize);
  }

  /** Returns the length of a frame whose samples cannot be compressed. */
  @Override
  public int packetBytes(PcmFormat format, int frameSize) {
    return FRAME_BYTES + format.channelCount() + frameSize * format.bytesPerSampleFrame();
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
    BitWriter out = new BitWriter(MARKER_BYTES + 4 + STREAMINFO_BYTES);
    for (char letter : "fLaC".toCharArray()) {
      out.write(letter, 8);
    }
    out.write(LAST_BLOCK_STREAMINFO, 8);
    out.write(STREAMINFO_BYTES, 24);
    out.write(frameSize, 16); // the smallest block
    out.write(frameSize, 16); // the largest block
    out.write(0, 24); // the smallest frame is not known
    out.write(0, 24); // the largest frame is not known
    out.write(format.sampleRateHz(), 20);
    out.write(format.channelCount() - 1, 3);
    out.write(8 * format.encoding().bytesPerSample() - 1, 5);
    out.write(0, 4); // the number of samples is not known, 36 bits
    out.write(0, 32);
    for (int k = 0; k < 4; k++) {
      out.write(0, 32); // there is no MD5
    }
    return out.toByteArray();
  }

  @Override
  public int delayMicros() {
    return 0;
  }
}
