package dev.lavalier.codec.opus;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.pipeline.FrameEncoder;
import io.github.jaredmdobson.concentus.OpusApplication;
import io.github.jaredmdobson.concentus.OpusEncoder;
import io.github.jaredmdobson.concentus.OpusException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Encodes each frame as one packet, which depends on the frames before. The first packet after a
 * gap does not depend on them: a decoder that has concealed the gap, or has decoded silence in its
 * place, would get wrong levels, up to a loud click. Used by one thread.
 */
final class OpusFrameEncoder implements FrameEncoder {

  /** More than the longest packet: three frames of 1,275 bytes, and their lengths. */
  private static final int MAX_PACKET_BYTES = 4_000;

  /** 0 to 10. A higher one costs more in the coding of speech, and gains little. */
  private static final int COMPLEXITY = 5;

  private final OpusEncoder encoder;
  private final int frameSize;
  private final short[] samples;
  private final byte[] packet = new byte[MAX_PACKET_BYTES];
  private long nextIndex = -1; // the sample after the last frame; -1: there was none

  OpusFrameEncoder(PcmFormat format, int frameSize, int bitrate) {
    this.frameSize = frameSize;
    this.samples = new short[frameSize * format.channelCount()];
    try {
      this.encoder =
          new OpusEncoder(
              format.sampleRateHz(),
              format.channelCount(),
              // For all kinds of sound. The others are for speech, and cost more.
              OpusApplication.OPUS_APPLICATION_AUDIO);
    } catch (OpusException e) {
      throw new IllegalArgumentException(format + ": " + e.getMessage(), e);
    }
    encoder.setBitrate(bitrate);
    encoder.setComplexity(COMPLEXITY);
  }

  @Override
  public byte[] encode(Period frame) {
    ByteBuffer.wrap(frame.pcm()).order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(samples);
    encoder.setPredictionDisabled(frame.sampleIndex() != nextIndex);
    nextIndex = frame.sampleIndex() + frameSize;
    try {
      int length = encoder.encode(samples, 0, frameSize, packet, 0, packet.length);
      return Arrays.copyOf(packet, length);
    } catch (OpusException e) {
      throw new IllegalStateException("Opus: " + e.getMessage(), e);
    }
  }
}
