package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import java.util.Arrays;
import java.util.List;

/** A sine of 440 Hz with peaks at -12 dBFS, the same on every channel, in any format. Immutable. */
public record ToneDevice() implements VirtualDevice {

  /** The name of the device. */
  public static final String NAME = "tone";

  /** The frequency of the tone, in Hz. */
  public static final int FREQUENCY_HZ = 440;

  /** The peak of the tone, as a fraction of full scale: -12 dBFS. */
  public static final double PEAK = Math.pow(10, -12 / 20.0);

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "Test tone: a sine of 440 Hz at -12 dBFS";
  }

  @Override
  public List<SupportedFormat> formats() {
    return Arrays.stream(SampleEncoding.values()).map(e -> new SupportedFormat(e, 0, 0)).toList();
  }

  @Override
  public SampleSource open(PcmFormat format) {
    return sine(FREQUENCY_HZ, format);
  }

  /**
   * Opens a sine with the peak of this device, the same on every channel.
   *
   * @param hz its frequency
   */
  public static SampleSource sine(int hz, PcmFormat format) {
    return new SineSource(hz, format);
  }

  private static final class SineSource implements SampleSource {
    private final int hz;
    private final PcmFormat format;
    private int phase; // position in the current second in samples; the tone repeats every second

    SineSource(int hz, PcmFormat format) {
      this.hz = hz;
      this.format = format;
    }

    @Override
    public void read(byte[] to, int offset, int length) {
      int width = format.encoding().bytesPerSample();
      int step = format.bytesPerSampleFrame();
      for (int at = offset; at < offset + length; at += step) {
        double angle = 2 * Math.PI * hz * phase / format.sampleRateHz();
        format.encoding().write(PEAK * Math.sin(angle), to, at);
        for (int channel = 1; channel < format.channelCount(); channel++) {
          System.arraycopy(to, at, to, at + channel * width, width);
        }
        phase = (phase + 1) % format.sampleRateHz();
      }
    }

    @Override
    public void close() {}
  }
}
