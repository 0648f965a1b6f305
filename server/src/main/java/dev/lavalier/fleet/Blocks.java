package dev.lavalier.fleet;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.fleet.v1.Block;
import dev.lavalier.pipeline.Frame;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/** Encodes and decodes blocks. A decoded block has no value out of range. */
final class Blocks {

  /** The maximum audio of a block. */
  static final int MAX_PCM_BYTES = 256 << 10;

  private static final int MAX_BYTES = MAX_PCM_BYTES + 4_096;

  private static final int BLOCKS_PER_SECOND = 100;

  /** No time is larger, so that sums of two do not overflow. */
  private static final long MAX_NANOS = 1L << 62;

  /** The difference of two steady times is not larger than {@link #MAX_NANOS}. */
  private static final long MAX_STEADY_NANOS = MAX_NANOS / 2;

  /** No epoch is longer: 272 years. */
  private static final long MAX_SECONDS = 1L << 33;

  /** The largest number of an epoch. As nanoseconds, it does not overflow. */
  static final long MAX_EPOCH = MAX_NANOS / 1_000;

  private static final double MAX_PPM = 1e6;

  private Blocks() {}

  /** Returns whether all bytes are zero. */
  static boolean isZero(byte[] pcm) {
    for (byte each : pcm) {
      if (each != 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns the samples per channel in a block: 10 ms, or less if that is too much audio. */
  static int samples(PcmFormat format) {
    int largest = MAX_PCM_BYTES / format.bytesPerSampleFrame();
    return Math.max(1, Math.min(format.sampleRateHz() / BLOCKS_PER_SECOND, largest));
  }

  /**
   * Encodes a frame as a block.
   *
   * @param frame a frame whose message is PCM
   * @param deviceLost samples that the device has lost in the epoch so far
   * @param muted whether the device has delivered only zeros for some seconds
   * @param clockPpm how much faster the device's clock runs than the node's, if that is known
   */
  static byte[] encode(
      long epoch, Frame frame, long deviceLost, boolean muted, OptionalDouble clockPpm) {
    Block.Builder block = block(epoch, frame).setDeviceLostSamples(deviceLost).setMuted(muted);
    clockPpm.ifPresent(block::setClockPpm);
    return block.build().toByteArray();
  }

  /** Returns a frame as a block, without the state of the device. */
  static Block.Builder block(long epoch, Frame frame) {
    return Block.newBuilder()
        .setEpoch(epoch)
        .setSampleIndex(frame.sampleIndex())
        .setCaptureUnixNanos(frame.captureUnixNanos())
        .setReadDelayNanos(Math.max(0, frame.readNanos() - frame.captureNanos()))
        .setReadSteadyNanos(frame.readNanos())
        .setPcm(UnsafeByteOperations.unsafeWrap(frame.message()));
  }

  /** Encodes the end of an epoch. */
  static byte[] encodeEnd(long epoch, long nextIndex, String reason) {
    return Block.newBuilder()
        .setEpoch(epoch)
        .setSampleIndex(nextIndex)
        .setEnded(reason)
        .build()
        .toByteArray();
  }

  /** Returns the block of a payload in a format; null if it is malformed. */
  static @Nullable Block decode(byte[] payload, PcmFormat format) {
    if (payload.length > MAX_BYTES) {
      return null;
    }
    try {
      Block block = Block.parseFrom(payload);
      return isValid(block, format) ? block : null;
    } catch (InvalidProtocolBufferException e) {
      return null;
    }
  }

  /** Returns whether the values of a block are in range. */
  static boolean isValid(Block block, PcmFormat format) {
    int length = block.getPcm().size();
    boolean hasAudio =
        length > 0 && length <= MAX_PCM_BYTES && length % format.bytesPerSampleFrame() == 0;
    return (hasAudio || !block.getEnded().isEmpty())
        && isEpoch(block.getEpoch())
        && isSamples(block.getSampleIndex(), format)
        && isSamples(block.getDeviceLostSamples(), format)
        && isNanos(block.getCaptureUnixNanos())
        && isNanos(block.getReadDelayNanos())
        && isSteady(block.getReadSteadyNanos())
        && Math.abs(block.getClockPpm()) <= MAX_PPM; // false for a NaN
  }

  /** Returns whether a number can be that of an epoch. */
  static boolean isEpoch(long micros) {
    return micros > 0 && micros <= MAX_EPOCH;
  }

  /** Returns whether a number can be a steady time. */
  static boolean isSteady(long nanos) {
    return nanos >= -MAX_STEADY_NANOS && nanos <= MAX_STEADY_NANOS;
  }

  /** Returns whether a number can be a count of samples in an epoch. */
  static boolean isSamples(long samples, PcmFormat format) {
    return samples >= 0 && samples / format.sampleRateHz() <= MAX_SECONDS;
  }

  /** Returns whether a number can be a unix time or a duration. */
  static boolean isNanos(long nanos) {
    return nanos >= 0 && nanos <= MAX_NANOS;
  }
}
