package dev.lavalier.capture;

/**
 * One run of consecutive samples with its times: the result of one read from a device, or its
 * conversion to another format. Captures pass periods to the framers.
 *
 * <p>The value is immutable, but its array may be borrowed: a {@link CaptureListener} gets the
 * capture's own array, which is valid only during the call. {@link #copy} keeps it.
 *
 * <p>Steady times are nanoseconds of {@code TimeSource.nanoTime}; unix times are nanoseconds since
 * 1970-01-01T00:00Z. The sample index counts samples per channel from 0 in the epoch, including the
 * samples that the device lost.
 */
public final class Period {

  private final byte[] pcm;
  private final int samples;
  private final long sampleIndex;
  private final long captureNanos;
  private final long captureUnixNanos;
  private final long readNanos;
  private final long waitedNanos;
  private final Loss loss;

  /**
   * Creates a period. Samples that are missing before it count as lost by the device.
   *
   * @see #Period(byte[], int, long, long, long, long, Loss)
   */
  public Period(
      byte[] pcm,
      int samples,
      long sampleIndex,
      long captureNanos,
      long captureUnixNanos,
      long readNanos) {
    this(pcm, samples, sampleIndex, captureNanos, captureUnixNanos, readNanos, Loss.OVERRUN);
  }

  /**
   * Creates a period.
   *
   * @param pcm interleaved samples from the beginning of the array, which may be longer; not copied
   * @param samples number of samples per channel, 0 or more
   * @param sampleIndex index of the first sample in the epoch
   * @param captureNanos steady time at which the first sample was captured
   * @param captureUnixNanos the same instant as unix time
   * @param readNanos steady time at which the whole period had been read
   * @param loss why samples are missing between the period before and this one; has no meaning if
   *     none are missing
   */
  public Period(
      byte[] pcm,
      int samples,
      long sampleIndex,
      long captureNanos,
      long captureUnixNanos,
      long readNanos,
      Loss loss) {
    this(pcm, samples, sampleIndex, captureNanos, captureUnixNanos, readNanos, 0, loss);
  }

  private Period(
      byte[] pcm,
      int samples,
      long sampleIndex,
      long captureNanos,
      long captureUnixNanos,
      long readNanos,
      long waitedNanos,
      Loss loss) {
    this.pcm = pcm;
    this.samples = samples;
    this.sampleIndex = sampleIndex;
    this.captureNanos = captureNanos;
    this.captureUnixNanos = captureUnixNanos;
    this.readNanos = readNanos;
    this.waitedNanos = waitedNanos;
    this.loss = loss;
  }

  /**
   * Returns the audio, not copied. Only the first {@link #samples} samples belong to the period.
   */
  public byte[] pcm() {
    return pcm;
  }

  /** Returns the number of samples per channel. */
  public int samples() {
    return samples;
  }

  /** Returns the index of the first sample in the epoch. */
  public long sampleIndex() {
    return sampleIndex;
  }

  /** Returns the index of the first sample after the period. */
  public long endIndex() {
    return sampleIndex + samples;
  }

  /** Returns the steady time at which the first sample was captured. */
  public long captureNanos() {
    return captureNanos;
  }

  /** Returns the unix time at which the first sample was captured. */
  public long captureUnixNanos() {
    return captureUnixNanos;
  }

  /** Returns the steady time at which the whole period had been read. */
  public long readNanos() {
    return readNanos;
  }

  /**
   * Returns how long the period waited on its way to this machine, in nanoseconds; 0 if the device
   * is one of this machine.
   */
  public long waitedNanos() {
    return waitedNanos;
  }

  /** Returns the same period, which waited on its way to this machine. The array is not copied. */
  public Period waited(long nanos) {
    return new Period(
        pcm, samples, sampleIndex, captureNanos, captureUnixNanos, readNanos, nanos, loss);
  }

  /**
   * Returns why samples are missing between the period before and this one. Has no meaning if none
   * are missing.
   */
  public Loss loss() {
    return loss;
  }

  /** Returns the same period with a copy of the array. Nothing writes to the copy. */
  public Period copy() {
    return new Period(
        pcm.clone(),
        samples,
        sampleIndex,
        captureNanos,
        captureUnixNanos,
        readNanos,
        waitedNanos,
        loss);
  }

  /**
   * Returns a conversion of this period.
   *
   * @param converted the converted audio; not copied
   * @param count number of converted samples per channel
   * @param index index of the first one at the converted rate
   * @param offsetNanos how much later than the first sample of this period it was captured; may be
   *     negative
   * @param lossBefore why samples are missing before it, if some are
   */
  public Period converted(
      byte[] converted, int count, long index, long offsetNanos, Loss lossBefore) {
    return new Period(
        converted,
        count,
        index,
        captureNanos + offsetNanos,
        captureUnixNanos + offsetNanos,
        readNanos,
        waitedNanos,
        lossBefore);
  }
}
