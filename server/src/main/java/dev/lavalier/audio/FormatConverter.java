package dev.lavalier.audio;

import java.util.Arrays;
import java.util.List;

/**
 * Carries out a {@link Conversion}, streaming: blocks of any length go in as they are captured, and
 * what can be delivered by then comes out. Delivered sample n stands for the instant of captured
 * position n * captured rate / delivered rate. The bytes of a delivered sample depend on the
 * captured ones alone: not on how they were cut into blocks, nor on when the converter began.
 *
 * <p>Where captured samples are missing, because it began later or the device lost them, the
 * delivered samples that need them are missing too: {@link Conversion#lookahead} on either side
 * more than were lost. Before the epoch's first sample lies silence, so that there nothing is
 * missing.
 *
 * <p>One thread, but for {@link #clippedSamples}. Allocates only when a block is longer than any
 * before.
 */
public final class FormatConverter {

  private final Conversion conversion;
  private final List<Integer> sources; // those that are used, each once: the planes
  private final int[] planeOf; // of each delivered channel
  private final boolean dither;
  private final Resampler[] resamplers; // of each plane; null: the rate stays

  private double[] in = {};
  private double[] scratch = {};
  private double[] out = {};
  private byte[] pcm = {};
  private long nextInput = -1; // -1: not begun
  private long outputIndex;
  private volatile long clippedSamples;

  /** Makes a converter. Designs its filter where {@code filters} has none yet. */
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

  /** Returns what it does. */
  public Conversion conversion() {
    return conversion;
  }

  /** Returns how many numbers were clamped at full scale so far. Any thread may ask. */
  public long clippedSamples() {
    return clippedSamples;
  }

  /**
   * Takes captured samples.
   *
   * @param captured whole samples from the array's beginning; not kept
   * @param samples how many, per channel
   * @param sampleIndex the index of the first in its epoch; where it is not the next one, those
   *     between are lost
   * @return how many delivered samples are now in {@link #output}
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
      long total = clippedSamples + clipped; // this thread alone writes it
      clippedSamples = total;
    }
    return count;
  }

  /** Returns the delivered bytes, from the array's beginning; used again by the next call. */
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
