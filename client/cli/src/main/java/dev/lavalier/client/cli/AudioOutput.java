package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** The destination of a recording. For use by one thread. */
interface AudioOutput extends Closeable {

  /**
   * Appends samples.
   *
   * @param captureTimeUnixNanos when the first of them was captured
   */
  void write(Samples samples, long captureTimeUnixNanos) throws IOException;

  /** Returns the duration of a number of samples per channel, in nanoseconds. */
  static long nanos(long samples, PcmFormat format) {
    long second = TimeUnit.SECONDS.toNanos(1);
    int rateHz = format.sampleRateHz();
    return samples / rateHz * second + samples % rateHz * second / rateHz;
  }
}
