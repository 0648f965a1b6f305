package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/**
 * A device without hardware. {@link VirtualMixerProvider} makes it a mixer of the sound system, so
 * that it is captured by the same code as a microphone. Immutable.
 */
public sealed interface VirtualDevice permits ToneDevice, WavDevice {

  /** Returns its {@code device_id}, which is its name as well. */
  String name();

  /** Returns a line about it, for people. */
  String description();

  /** Returns the formats it can be opened in; a rate or channel count of 0 stands for any. */
  List<SupportedFormat> formats();

  /**
   * Opens its signal at the beginning.
   *
   * @param format one that {@link #formats} offers
   * @throws IOException where the signal cannot be had
   */
  SampleSource open(PcmFormat format) throws IOException;

  /** The samples of an open virtual device, one after another and without end. One thread. */
  interface SampleSource extends Closeable {
    /**
     * Writes the next samples.
     *
     * @param length bytes to write, whole samples
     * @throws IOException where the signal ended against its nature: its file is gone, say
     */
    void read(byte[] to, int offset, int length) throws IOException;
  }
}
