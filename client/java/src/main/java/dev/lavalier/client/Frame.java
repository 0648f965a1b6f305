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
  private final @Nullable ByteBuffer packet;
  private final @Nullable ByteBuffer concealed;

  Frame(
      ByteBuffer pcm,
      long sampleIndex,
      long captureTimeUnixNanos,
      long readDelayNanos,
      long readTimeSteadyNanos,
      @Nullable Gap gap,
      @Nullable ByteBuffer packet,
      @Nullable ByteBuffer concealed) {
    this.pcm = pcm;
    this.sampleIndex = sampleIndex;
    this.captureTimeUnixNanos = captureTimeUnixNanos;
    this.readDelayNanos = readDelayNanos;
    this.readTimeSteadyNanos = readTimeSteadyNanos;
    this.gap = gap;
    this.packet = packet;
    this.concealed = concealed;
  }

  /**
   * Returns the interleaved audio, as a new read-only, little-endian view at each call; empty if
   * the frame has a {@link #packet}.
   */
  public ByteBuffer pcm() {
    return pcm.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Returns the packet of the codec, as a new read-only view at each call. Empty unless the stream
   * has {@link StreamOptions#packets}, and if the server is older than codecs.
   */
  public Optional<ByteBuffer> packet() {
    return Optional.ofNullable(packet).map(ByteBuffer::asReadOnlyBuffer);
  }

  /**
   * Returns what the decoder of Opus puts in place of the first samples of the {@link #gap}, in the
   * form of {@link #pcm}: whole frames of up to 100 ms, which fade. Empty with other codecs, and
   * without a gap. The application chooses between it and silence.
   */
  public Optional<ByteBuffer> concealedPcm() {
    return Optional.ofNullable(concealed)
        .map(pcm -> pcm.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN));
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
