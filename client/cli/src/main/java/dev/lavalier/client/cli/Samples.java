package dev.lavalier.client.cli;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Samples of a recording: PCM, a part of what a packet contains, or silence in place of packets.
 *
 * @param data PCM, or a packet; null: silence
 * @param bytesPerSampleFrame of PCM; 0: the data is a packet, or there is none
 * @param from the first sample, counted from the beginning of the data
 * @param count the number of samples per channel
 */
record Samples(@Nullable ByteBuffer data, int bytesPerSampleFrame, int from, long count) {

  /** Returns the samples of PCM, from its position to its limit. */
  static Samples pcm(ByteBuffer pcm, int bytesPerSampleFrame) {
    return new Samples(pcm.slice(), bytesPerSampleFrame, 0, pcm.remaining() / bytesPerSampleFrame);
  }

  /** Returns all samples of a packet, whose content does not change. */
  static Samples packet(ByteBuffer packet, int count) {
    return new Samples(packet, 0, 0, count);
  }

  /** Returns silence in place of packets. */
  static Samples silence(long count) {
    return new Samples(null, 0, 0, count);
  }

  boolean isSilence() {
    return data == null;
  }

  /** Returns some of the samples; {@code skipped} is counted from the first of these. */
  Samples part(long skipped, long partCount) {
    int start = data == null ? 0 : from + (int) skipped;
    return new Samples(data, bytesPerSampleFrame, start, partCount);
  }

  /** Returns the PCM of the samples. */
  ByteBuffer pcm() {
    return data.slice(from * bytesPerSampleFrame, (int) count * bytesPerSampleFrame);
  }

  /** Returns the packet that contains the samples. */
  byte[] packetBytes() {
    byte[] bytes = new byte[data.remaining()];
    data.duplicate().get(bytes);
    return bytes;
  }

  /** Returns the size of the data in bytes. */
  int byteCount() {
    return data == null ? 0 : bytesPerSampleFrame == 0 ? data.remaining() : pcm().remaining();
  }

  /** Returns samples that do not change if the data does. */
  Samples copy() {
    return bytesPerSampleFrame == 0
        ? this
        : pcm(ByteBuffer.allocate(byteCount()).put(pcm()).flip(), bytesPerSampleFrame);
  }
}
