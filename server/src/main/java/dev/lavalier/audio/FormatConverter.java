package dev.lavalier.audio;

import java.util.List;

/**
 * Applies a {@link Conversion} to a stream. It takes captured blocks of any length and returns the
 * delivered samples that can be computed so far. Delivered sample n represents the instant of
 * captured position n * captured rate / delivered rate. The bytes of a delivered sample depend only
 * on the captured samples, and not on how they were cut into blocks or on when the converter
 * started.
 *
 * <p>If captured samples are missing, because the converter started later or the device lost them,
 * the delivered samples that depend on them are missing too: {@link Conversion#lookahead} more
 * captured samples on each side than were lost. The first sample of an epoch counts as preceded by
 * silence, so no samples are missing there.
 *
 * <p>Used by one thread, except {@link #clippedSamples}. Allocates only if a block is longer than
 * all blocks before.
 */
public final class FormatConverter {

  private final Conversion conversion;
  private final Plane[] planes; // of the distinct sources in use
  private final int[] planeOf; // by delivered channel
  private final boolean dither;

  private byte[] pcm = {};
  private long outputIndex;
  private volatile long clippedSamples;

  /**
   * Creates a converter that shares no work with others. Designs its filter if {@code filters} does
   * not have it yet, which takes some milliseconds.
   */
  public FormatConverter(Conversion conversion, PolyphaseFilters filters) {
    this(conversion, new Planes(filters));
  }

  /**
   * Creates a converter that shares planes with the other converters of a pipeline. All of them
   * convert the same blocks, on one thread; each may skip blocks.
   */
  public FormatConverter(Conversion conversion, Planes planes) {
    this.conversion = conversion;
    this.dither = conversion.isDithered();
    List<Integer> sources = conversion.channels().sources().stream().distinct().toList();
    this.planes = sources.stream().map(s -> planes.of(conversion, s)).toArray(Plane[]::new);
    this.planeOf = conversion.channels().sources().stream().mapToInt(sources::indexOf).toArray();
  }

  /** Returns the conversion that this converter applies. */
  public Conversion conversion() {
    return conversion;
  }

  /** Returns how many sample values were clipped at full scale. May be called from any thread. */
  public long clippedSamples() {
    return clippedSamples;
  }

  /**
   * Converts captured samples.
   *
   * @param captured interleaved samples from the beginning of the array; not kept
   * @param samples number of samples per channel
   * @param sampleIndex index of the first sample in its epoch; if it is not the end of the block
   *     before, the samples in between are lost
   * @return number of delivered samples per channel that are now in {@link #output}
   */
  public int convert(byte[] captured, int samples, long sampleIndex) {
    long start = 0;
    long end = Long.MAX_VALUE;
    for (Plane plane : planes) { // one that another converter has used before starts earlier
      plane.accept(captured, samples, sampleIndex);
      start = Math.max(start, plane.outputIndex());
      end = Math.min(end, plane.outputIndex() + plane.count());
    }
    outputIndex = start;
    int count = (int) Math.max(0, end - start);
    int bytes = count * conversion.delivered().bytesPerSampleFrame();
    if (pcm.length < bytes) {
      pcm = new byte[bytes];
    }
    int clipped = 0;
    for (int k = 0; k < planes.length; k++) {
      clipped += encode(planes[k], count, k);
    }
    if (clipped > 0) {
      long total = clippedSamples + clipped; // only this thread writes it
      clippedSamples = total;
    }
    return count;
  }

  /**
   * Returns the delivered bytes, from the beginning of the array. The next call of {@link #convert}
   * overwrites them.
   */
  public byte[] output() {
    return pcm;
  }

  /** Returns the index in the epoch of the first delivered sample in {@link #output}. */
  public long outputIndex() {
    return outputIndex;
  }

  private int encode(Plane from, int count, int plane) {
    int clipped = 0;
    int first = count == 0 ? 0 : (int) (outputIndex - from.outputIndex());
    for (int channel = 0; channel < planeOf.length; channel++) {
      if (planeOf[channel] == plane) {
        clipped +=
            SampleCodec.encode(
                conversion.delivered(),
                from.values(),
                first,
                count,
                pcm,
                channel,
                dither,
                outputIndex,
                plane);
      }
    }
    return clipped;
  }
}
