package dev.lavalier.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * {@code frameSize} samples of every channel. Immutable; may be kept and shared between threads.
 */
public final class Frame {

  private final ByteBuffer pcm;
  private final long sampleIndex;
  private final long captureTimeUnixNanos;
  private final long readDelayNanos;
  private final Gap gap; // null: nothing is missing

  Frame(ByteBuffer pcm, long sampleIndex, long captureTimeUnixNanos, long readDelayNanos, Gap gap) {
    this.pcm = pcm;
    this.sampleIndex = sampleIndex;
    this.captureTimeUnixNanos = captureTimeUnixNanos;
    this.readDelayNanos = readDelayNanos;
    this.gap = gap;
  }

  /** Returns the audio, interleaved: a new read-only, little-endian view at each call. */
  public ByteBuffer pcm() {
    return pcm.asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns the number of the first sample in its epoch, counted per channel from 0. */
  public long sampleIndex() {
    return sampleIndex;
  }

  /**
   * Returns when the first sample was captured: an estimate by the server's clock, in nanoseconds
   * since 1970-01-01T00:00Z.
   */
  public long captureTimeUnixNanos() {
    return captureTimeUnixNanos;
  }

  /**
   * Returns how long after {@link #captureTimeUnixNanos} the server had read the whole frame, in
   * nanoseconds: its own length, and what the device and its driver added. What has passed beyond
   * that, it waited for the server, the network or this program.
   */
  public long readDelayNanos() {
    return readDelayNanos;
  }

  /** Returns what is missing just before this frame; empty where nothing is. */
  public Optional<Gap> gap() {
    return Optional.ofNullable(gap);
  }
}
