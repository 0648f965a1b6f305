package dev.lavalier.container;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What a file says about its audio, as comments of Vorbis, which FLAC and Opus share. Immutable.
 *
 * @param program the name and the version of the program that writes the file
 * @param deviceId the device, in the comment DEVICE; no more than {@value #MAX_DEVICE_ID}
 *     characters are written
 * @param captureTimeUnixNanos the capture time of the first sample in nanoseconds since 1970, in
 *     the comment DATE; 0: not known
 */
public record Tags(String program, String deviceId, long captureTimeUnixNanos) {

  private static final int MAX_DEVICE_ID = 1_000;

  /** Returns the comments in the form that FLAC and Opus share. */
  byte[] vorbisComment() {
    List<byte[]> comments = new ArrayList<>();
    comments.add(utf8("ENCODER=" + program));
    comments.add(
        utf8("DEVICE=" + deviceId.substring(0, Math.min(MAX_DEVICE_ID, deviceId.length()))));
    if (captureTimeUnixNanos != 0) {
      comments.add(utf8("DATE=" + Instant.EPOCH.plusNanos(captureTimeUnixNanos)));
    }
    byte[] vendor = utf8(program);
    int length = 8 + vendor.length;
    for (byte[] comment : comments) {
      length += 4 + comment.length;
    }
    ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(vendor.length).put(vendor).putInt(comments.size());
    for (byte[] comment : comments) {
      out.putInt(comment.length).put(comment);
    }
    return out.array();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
