package dev.lavalier.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code frameSize} samples of each channel. Immutable; may be kept and shared between threads. */
public final class Frame {

  private final ByteBuffer pcm;
  private final long sampleIndex;
  private final long captureTimeUnixNanos;
  private final long readDelayNanos;
  private final long readTimeSteadyNanos;
  private final @Nullable Gap gap;

  Frame(
      ByteBuffer pcm,
      long sampleIndex,
      long captureTimeUnixNanos,
      long readDelayNanos,
      long readTimeSteadyNanos,
      @Nullable Gap gap) {
    this.pcm = pcm;
    this.sampleIndex = sampleIndex;
    this.captureTimeUnixNanos = captureTimeUnixNanos;
    this.readDelayNanos = readDelayNanos;
    this.readTimeSteadyNanos = readTimeSteadyNanos;
    this.gap = gap;
  }

  /** Returns the interleaved audio, as a new read-only, little-endian view at each call. */
  public ByteBuffer pcm() {
    return pcm.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the index of the first sample within its epoch, counted per channel from 0. */
  public long sampleIndex() {
    return sampleIndex;
  }

  /**
   * Returns the capture time of the first sample, in nanoseconds since 1970-01-01T00:00Z: an
   * estimate by the server's wall clock, which can be set at any time. Use {@link
   * #readTimeSteadyNanos} to measure durations.
   */
  public long captureTimeUnixNanos() {
    return captureTimeUnixNanos;
  }

  /**
   * Returns the time from {@link #captureTimeUnixNanos} until the server had read the whole frame,
   * in nanoseconds: the duration of the frame, and the delay of the device and its driver. Any
   * further delay is due to the server, the network or this program.
   */
  public long readDelayNanos() {
    return readDelayNanos;
  }

  /**
   * Returns the time at which the server had read the whole frame, in nanoseconds, by a clock of
   * the server that is never set, from an arbitrary origin. Compare it only with other frames of
   * the same connection: the difference is the time that passed on the server between the two. The
   * clock is another one after {@link Notice.Kind#RECONNECTED}, and it can stop while the server's
   * machine is suspended. 0 if the server is too old to send it.
   */
  public long readTimeSteadyNanos() {
    return readTimeSteadyNanos;
  }

  /** Returns the gap just before this frame; empty if no sample is missing. */
  public Optional<Gap> gap() {
    return Optional.ofNullable(gap);
  }
}
