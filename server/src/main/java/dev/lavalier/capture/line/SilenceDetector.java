package dev.lavalier.capture.line;

import dev.lavalier.audio.PcmFormat;
import java.util.Arrays;

/**
 * Notices that a device delivers exact zeros for some seconds: it is muted, or the server has no
 * permission to use it. Used by one thread.
 */
public final class SilenceDetector {

  private static final long SILENCE_NANOS = 5_000_000_000L;

  private final long silentFrom;
  private long zeroSamples;

  /** Creates a detector for a device that has delivered nothing. */
  public SilenceDetector(PcmFormat format) {
    this.silentFrom = format.samplesIn(SILENCE_NANOS);
  }

  /** Returns whether the device is silent. */
  public boolean isSilent() {
    return zeroSamples >= silentFrom;
  }

  /**
   * Records a period.
   *
   * @param pcm its audio, the whole array
   * @param samples the number of samples per channel in it, 1 or more
   */
  public void onPeriod(byte[] pcm, int samples) {
    zeroSamples = isZero(pcm) ? zeroSamples + samples : 0;
  }

  private static boolean isZero(byte[] pcm) {
    // The first byte is zero, and each byte equals the one before it. The JVM compares the arrays
    // in one vectorized loop.
    return pcm[0] == 0 && Arrays.equals(pcm, 0, pcm.length - 1, pcm, 1, pcm.length);
  }
}
