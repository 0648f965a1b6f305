package dev.lavalier.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Samples of each channel that follow each other. Immutable; may be kept and shared between
 * threads. Arrays are new at each call, and interleaved: all channels of the first sample, then all
 * of the second, so that they have {@code sampleCount * format.channelCount} elements. They are
 * empty if the frame has a {@link #packet}.
 */
public final class Frame {

  private final PcmFormat format;
  private final int sampleCount;
  private final ByteBuffer pcm;
  private final long sampleIndex;
  private final long captureTimeUnixNanos;
  private final long readDelayNanos;
  private final long readTimeSteadyNanos;
  private final @Nullable Gap gap;
  private final @Nullable ByteBuffer packet;
  private final @Nullable ByteBuffer concealed;

  Frame(
      PcmFormat format,
      int sampleCount,
      ByteBuffer pcm,
      long sampleIndex,
      long captureTimeUnixNanos,
      long readDelayNanos,
      long readTimeSteadyNanos,
      @Nullable Gap gap,
      @Nullable ByteBuffer packet,
      @Nullable ByteBuffer concealed) {
    this.format = format;
    this.sampleCount = sampleCount;
    this.pcm = pcm;
    this.sampleIndex = sampleIndex;
    this.captureTimeUnixNanos = captureTimeUnixNanos;
    this.readDelayNanos = readDelayNanos;
    this.readTimeSteadyNanos = readTimeSteadyNanos;
    this.gap = gap;
    this.packet = packet;
    this.concealed = concealed;
  }

  /** Returns the format of the samples, the same for all frames of an epoch. */
  public PcmFormat format() {
    return format;
  }

  /** Returns the number of samples per channel: {@link StreamStart#frameSize}. */
  public int sampleCount() {
    return sampleCount;
  }

  /**
   * Returns the samples as numbers from -1.0 (full scale) to less than 1.0. Integers are divided by
   * 2^15, 2^23 or 2^31; of 32 bits, a {@code float} has 24 significant ones. With {@link
   * SampleEncoding#F32LE}, the values are those that the server sent: they are not clipped.
   */
  public float[] floats() {
    return Samples.floats(pcm(), format.encoding());
  }

  /**
   * Returns the samples as 16-bit numbers: those of {@link SampleEncoding#S16LE}, and those of the
   * other encodings rounded to the nearest value, a half upwards, clipped, and without dither. A
   * {@code NaN} becomes 0. If 16 bits are all that is needed, request S16LE: the server then adds
   * dither.
   */
  public short[] shorts() {
    return Samples.shorts(pcm(), format.encoding());
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

  /** Returns {@link #captureTimeUnixNanos} as an instant. */
  public Instant captureTime() {
    return Instant.ofEpochSecond(0, captureTimeUnixNanos);
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

  /**
   * Returns the index, the number of samples, the format, the capture time and the gap; for logs.
   */
  @Override
  public String toString() {
    return "Frame[sampleIndex=%d, sampleCount=%d, format=%s, captureTime=%s, missingBefore=%d]"
        .formatted(
            sampleIndex, sampleCount, format, captureTime(), gap == null ? 0 : gap.sampleCount());
  }
}
