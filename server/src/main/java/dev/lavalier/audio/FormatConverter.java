package dev.lavalier.audio;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  private final List<Integer> sources; // the distinct sources in use: the planes
  private final int[] planeOf; // by delivered channel
  private final boolean dither;
  private final Resampler @Nullable [] resamplers; // by plane; null: the rate is not converted

  private double[] in = {};
  private double[] scratch = {};
  private double[] out = {};
  private byte[] pcm = {};
  private long nextInput = -1; // -1: no block yet
  private long outputIndex;
  private volatile long clippedSamples;

  /**
   * Creates a converter. Designs its filter if {@code filters} does not have it yet, which takes
   * some milliseconds.
   */
  public FormatConverter(Conversion conversion, PolyphaseFilters filters) {
    this.conversion = conversion;
    this.dither = conversion.isDithered();
    List<Integer> channels = conversion.channels().sources();
    this.sources = channels.stream().distinct().toList();
    this.planeOf = channels.stream().mapToInt(sources::indexOf).toArray();
    if (conversion.isResampled()) {
      PolyphaseFilter filter = filters.of(conversion.up(), conversion.down());
      this.resamplers = sources.stream().map(s -> new Resampler(filter)).toArray(Resampler[]::new);
    } else {
      this.resamplers = null;
    }
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
    reserve(samples);
    if (sampleIndex != nextInput) {
      reset(sampleIndex);
    }
    nextInput = sampleIndex + samples;
    outputIndex = resamplers == null ? sampleIndex : resamplers[0].nextIndex();
    int count = samples;
    int clipped = 0;
    for (int plane = 0; plane < sources.size(); plane++) {
      decode(captured, samples, sources.get(plane));
      double[] values = in;
      if (resamplers != null) {
        count = resamplers[plane].resample(in, samples, out);
        values = out;
      }
      clipped += encode(values, count, plane);
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

  private void reset(long sampleIndex) {
    if (resamplers != null) {
      for (Resampler resampler : resamplers) {
        resampler.reset(sampleIndex);
      }
    }
  }

  private void reserve(int samples) {
    if (in.length < samples) {
      in = new double[samples];
      scratch = new double[samples];
      int maxSamples = resamplers == null ? samples : resamplers[0].maxOutput(samples);
      out = new double[maxSamples];
      pcm = new byte[maxSamples * conversion.delivered().bytesPerSampleFrame()];
    }
  }

  private void decode(byte[] captured, int samples, int source) {
    PcmFormat format = conversion.captured();
    if (source != ChannelMap.MEAN) {
      SampleCodec.decode(format, captured, source - 1, samples, in);
      return;
    }
    Arrays.fill(in, 0, samples, 0.0);
    for (int channel = 0; channel < format.channelCount(); channel++) {
      SampleCodec.decode(format, captured, channel, samples, scratch);
      for (int i = 0; i < samples; i++) {
        in[i] += scratch[i];
      }
    }
    for (int i = 0; i < samples; i++) {
      in[i] /= format.channelCount();
    }
  }

  private int encode(double[] values, int count, int plane) {
    int clipped = 0;
    for (int channel = 0; channel < planeOf.length; channel++) {
      if (planeOf[channel] == plane) {
        clipped +=
            SampleCodec.encode(
                conversion.delivered(), values, count, pcm, channel, dither, outputIndex, plane);
      }
    }
    return clipped;
  }
}
