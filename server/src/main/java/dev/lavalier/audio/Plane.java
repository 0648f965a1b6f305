package dev.lavalier.audio;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One channel of a stream on its way through a conversion: a captured channel, or the mean of all
 * channels, at the delivered rate. Converters of one pipeline share it if they deliver the same
 * source at the same rate: each block is decoded and resampled once.
 *
 * <p>Used by one thread. Allocates only if a block is longer than all blocks before.
 */
final class Plane {

  private final PcmFormat captured;
  private final int source;
  private final @Nullable Resampler resampler; // null: the rate is not converted

  private double[] in = {};
  private double[] scratch = {};
  private double[] out = {};
  private long blockIndex = -1; // of the block whose values are ready; -1: no block yet
  private long nextInput = -1;
  private long outputIndex;
  private int count;

  /**
   * Creates a plane.
   *
   * @param source a captured channel from 1 on, or {@link ChannelMap#MEAN}
   * @param filter the filter between the rates; null: the rate is not converted
   */
  Plane(PcmFormat captured, int source, @Nullable PolyphaseFilter filter) {
    this.captured = captured;
    this.source = source;
    this.resampler = filter == null ? null : new Resampler(filter);
  }

  /**
   * Takes a block, unless another converter has passed the same block before.
   *
   * @param pcm interleaved samples from the beginning of the array; not kept
   * @param samples number of samples per channel
   * @param sampleIndex index of the first sample in its epoch; if it is not the end of the block
   *     before, the samples in between are lost
   */
  void accept(byte[] pcm, int samples, long sampleIndex) {
    if (blockIndex == sampleIndex && nextInput == sampleIndex + samples) {
      return;
    }
    if (in.length < samples) {
      in = new double[samples];
      scratch = new double[samples];
      out = resampler == null ? in : new double[resampler.maxOutput(samples)];
    }
    if (resampler != null && sampleIndex != nextInput) {
      resampler.reset(sampleIndex);
    }
    blockIndex = sampleIndex;
    nextInput = sampleIndex + samples;
    decode(pcm, samples);
    if (resampler == null) {
      outputIndex = sampleIndex;
      count = samples;
    } else {
      outputIndex = resampler.nextIndex();
      count = resampler.resample(in, samples, out);
    }
  }

  /** Returns the delivered values of the block, from the beginning of the array. */
  double[] values() {
    return out;
  }

  /** Returns the number of delivered values of the block. */
  int count() {
    return count;
  }

  /** Returns the index in the epoch of the first delivered value. */
  long outputIndex() {
    return outputIndex;
  }

  private void decode(byte[] pcm, int samples) {
    if (source != ChannelMap.MEAN) {
      SampleCodec.decode(captured, pcm, 0, source - 1, samples, in);
      return;
    }
    Arrays.fill(in, 0, samples, 0.0);
    for (int channel = 0; channel < captured.channelCount(); channel++) {
      SampleCodec.decode(captured, pcm, 0, channel, samples, scratch);
      for (int i = 0; i < samples; i++) {
        in[i] += scratch[i];
      }
    }
    for (int i = 0; i < samples; i++) {
      in[i] /= captured.channelCount();
    }
  }
}
