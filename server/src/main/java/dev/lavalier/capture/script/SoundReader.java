package dev.lavalier.capture.script;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.VirtualDevice.SampleSource;
import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;

/** Reads the samples of one sound. Used by one thread. */
final class SoundReader implements Closeable {

  private final PcmFormat format;
  private final SampleSource source;
  private long left; // samples

  private SoundReader(PcmFormat format, SampleSource source, long samples) {
    this.format = format;
    this.source = source;
    this.left = samples;
  }

  /**
   * Opens a sound at its beginning.
   *
   * @throws IOException if its file cannot be read any more, or has another format
   */
  static SoundReader open(Step.Sound sound, PcmFormat format) throws IOException {
    if (sound instanceof Step.Tone tone) {
      return new SoundReader(
          format, ToneDevice.sine(tone.hz(), format), samples(tone.nanos(), format));
    } else if (sound instanceof Step.Silence silence) {
      return new SoundReader(format, new Zeros(), samples(silence.nanos(), format));
    } else {
      Step.Wav wav = (Step.Wav) sound;
      long samples = wav.file().samples();
      return new SoundReader(format, wav.file().open(format), samples);
    }
  }

  private static long samples(long nanos, PcmFormat format) {
    return nanos == Step.ENDLESS ? Long.MAX_VALUE : format.samplesIn(nanos);
  }

  /**
   * Writes the next samples.
   *
   * @param to the array to fill
   * @param offset the first byte to write
   * @param samples the maximum number of samples per channel
   * @return the number of samples; 0 at the end of the sound
   * @throws IOException if the file of the sound cannot be read any more
   */
  int read(byte[] to, int offset, int samples) throws IOException {
    int count = (int) Math.min(samples, left);
    source.read(to, offset, count * format.bytesPerSampleFrame());
    left -= count;
    return count;
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  private static final class Zeros implements SampleSource {
    @Override
    public void read(byte[] to, int offset, int length) {
      Arrays.fill(to, offset, offset + length, (byte) 0);
    }

    @Override
    public void close() {}
  }
}
