package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.SupportedFormat;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** A device without hardware, which a {@link VirtualLine} captures. Immutable. */
public interface VirtualDevice {

  /** Returns the name, which is also the {@code device_id}. */
  String name();

  /** Returns a description of one line. */
  String description();

  /** Returns the formats that it can be opened in; a rate or channel count of 0 means any. */
  List<SupportedFormat> formats();

  /**
   * Returns the device as it is now, which is this object if it has not changed. Its name is the
   * same. May block for the file system.
   *
   * @throws IOException if it is not available
   */
  default VirtualDevice refreshed() throws IOException {
    return this;
  }

  /**
   * Opens its samples at the beginning.
   *
   * @param format one of {@link #formats}
   * @throws IOException if the samples are not available
   */
  SampleSource open(PcmFormat format) throws IOException;

  /** The endless sequence of samples of an open virtual device. Used by one thread. */
  interface SampleSource extends Closeable {
    /**
     * Writes the next samples.
     *
     * @param length bytes to write, whole samples
     * @throws IOException if there are no more samples, for example because the file is gone
     */
    void read(byte[] to, int offset, int length) throws IOException;
  }
}
