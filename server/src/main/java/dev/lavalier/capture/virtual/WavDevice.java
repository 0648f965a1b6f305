package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.SupportedFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A WAV file that plays in a loop, only in its own format. It is read while it plays, so its size
 * is not limited by memory. Each opening starts at the beginning of the file. Immutable.
 *
 * <p>The file may be replaced while it plays. {@link WavLoop} then plays the new file, or fails if
 * it has another format. {@link #refreshed} has the new format.
 *
 * @param name the {@code device_id}
 * @param file the file
 * @param format the format in which the file is played
 * @param version the file when its header was read
 */
public record WavDevice(String name, Path file, PcmFormat format, FileVersion version)
    implements VirtualDevice {

  /**
   * Creates a device after reading the header of the file.
   *
   * @throws IllegalArgumentException with a message for the operator, if the name is blank, or the
   *     file cannot be read or played
   */
  public static WavDevice of(String name, Path file) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("wav: =%s (expected: NAME=FILE)".formatted(file));
    }
    if (!Files.isReadable(file) || !Files.isRegularFile(file)) {
      throw invalid(name, file, "a readable file", null);
    }
    try (WavFile wav = WavFile.open(file)) {
      return new WavDevice(name, file, wav.header().format(), wav.version());
    } catch (InvalidWavException e) {
      throw invalid(name, file, e.expected(), e);
    } catch (IOException e) {
      throw invalid(name, file, "a readable file; " + e.getMessage(), e);
    }
  }

  private static IllegalArgumentException invalid(
      String name, Path file, String expected, @Nullable IOException cause) {
    return new IllegalArgumentException(
        "wav: %s=%s (expected: %s)".formatted(name, file, expected), cause);
  }

  @Override
  public String description() {
    return "WAV file, looping: " + file.getFileName();
  }

  @Override
  public List<SupportedFormat> formats() {
    return List.of(
        new SupportedFormat(format.encoding(), format.sampleRateHz(), format.channelCount()));
  }

  @Override
  public WavDevice refreshed() throws IOException {
    if (FileVersion.of(file).equals(version)) {
      return this;
    }
    try (WavFile wav = WavFile.openAgain(file)) {
      return new WavDevice(name, file, wav.header().format(), wav.version());
    }
  }

  /**
   * Returns the number of samples per channel in the file now.
   *
   * @throws IOException if it cannot be played or read any more; the message names the file
   */
  public long samples() throws IOException {
    try (WavFile wav = WavFile.openAgain(file)) {
      return wav.header().dataBytes() / wav.header().blockBytes();
    }
  }

  @Override
  public SampleSource open(PcmFormat requested) throws IOException {
    return new WavLoop(WavFile.openAgain(file, requested));
  }
}
