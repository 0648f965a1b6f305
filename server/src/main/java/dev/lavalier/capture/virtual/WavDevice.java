package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.JavaSoundFormats;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;
import org.jspecify.annotations.Nullable;

/**
 * A WAV file that plays in a loop, only in its own format. A large file is read while it plays, so
 * its size is not limited by memory. Each opening starts at the beginning of the file. If the file
 * has been replaced by one of another format, opening fails, and so does the next turn of a large
 * file. Immutable.
 *
 * @param name the {@code device_id}
 * @param file the file
 * @param format the format of the file
 */
public record WavDevice(String name, Path file, PcmFormat format) implements VirtualDevice {

  private static final int MAGIC_BYTES = 12;

  /** A larger file is read again for each turn, a smaller one only when it is opened. */
  static final int MAX_BYTES_IN_MEMORY = 1 << 20;

  /**
   * Creates a device after reading the header of the file.
   *
   * @throws IllegalArgumentException with a message for the operator, if the name is blank, or the
   *     file cannot be read, is not a WAV file, has an encoding other than s16le, s24le, s32le or
   *     f32le, or contains no samples
   */
  public static WavDevice of(String name, Path file) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("wav: =%s (expected: NAME=FILE)".formatted(file));
    }
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      throw invalid(name, file, "a readable file", null);
    }
    try (AudioInputStream in = read(file)) {
      PcmFormat format =
          JavaSoundFormats.fromJavaSound(in.getFormat())
              .orElseThrow(
                  () ->
                      invalid(
                          name,
                          file,
                          "PCM s16le, s24le, s32le or f32le, not " + in.getFormat(),
                          null));
      if (in.getFrameLength() <= 0) {
        throw invalid(name, file, "at least one sample", null);
      }
      return new WavDevice(name, file, format);
    } catch (UnsupportedAudioFileException | IOException e) {
      throw invalid(name, file, "a WAV file", e);
    }
  }

  /**
   * Opens the file if it is a WAV file. Other files are rejected before the JDK reads them, because
   * the JDK also supports other types and takes seconds to rule out MIDI.
   *
   * @throws UnsupportedAudioFileException if the file is not a WAV file, or the JDK fails to parse
   *     the header
   */
  private static AudioInputStream read(Path file)
      throws IOException, UnsupportedAudioFileException {
    BufferedInputStream bytes = new BufferedInputStream(Files.newInputStream(file));
    try {
      bytes.mark(MAGIC_BYTES);
      String magic = new String(bytes.readNBytes(MAGIC_BYTES), StandardCharsets.ISO_8859_1);
      bytes.reset();
      if (!magic.startsWith("RIFF") || !magic.endsWith("WAVE")) {
        throw new UnsupportedAudioFileException("no RIFF/WAVE header");
      }
      return AudioSystem.getAudioInputStream(bytes);
    } catch (IOException | UnsupportedAudioFileException e) {
      bytes.close();
      throw e;
    } catch (RuntimeException e) {
      bytes.close();
      throw (UnsupportedAudioFileException)
          new UnsupportedAudioFileException(e.toString()).initCause(e);
    }
  }

  private static IllegalArgumentException invalid(
      String name, Path file, String expected, @Nullable Exception cause) {
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
  public SampleSource open(PcmFormat requested) throws IOException {
    AudioInputStream in = openSamples();
    if (Files.size(file) > MAX_BYTES_IN_MEMORY) {
      return new FileLoop(in);
    }
    try (in) {
      return new MemoryLoop(nonEmpty(in.readAllBytes()));
    }
  }

  private byte[] nonEmpty(byte[] samples) throws IOException {
    int bytes = samples.length - samples.length % format.bytesPerSampleFrame();
    if (bytes == 0) {
      throw new EOFException(file + " contains no samples");
    }
    return Arrays.copyOf(samples, bytes);
  }

  /** Opens the file, if it still has the format that it had when this device was created. */
  private AudioInputStream openSamples() throws IOException {
    AudioInputStream in;
    try {
      in = read(file);
    } catch (UnsupportedAudioFileException e) {
      throw new IOException(file + " is no longer a WAV file", e);
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist any more", e);
    }
    Optional<PcmFormat> now = JavaSoundFormats.fromJavaSound(in.getFormat());
    if (now.isEmpty() || !now.get().equals(format)) {
      in.close();
      throw new IOException(
          "%s is now %s, and was %s when the server started; restart the server to use it"
              .formatted(file, now.map(PcmFormat::toString).orElse("another format"), format));
    }
    return in;
  }

  /** A file that is read again for each turn. */
  private final class FileLoop implements SampleSource {
    private AudioInputStream in;

    FileLoop(AudioInputStream in) {
      this.in = in;
    }

    @Override
    public void read(byte[] to, int offset, int length) throws IOException {
      int done = 0;
      boolean rewound = false;
      while (done < length) {
        int n = in.read(to, offset + done, length - done);
        if (n > 0) {
          done += n;
          rewound = false;
        } else if (rewound) {
          throw new EOFException(file + " contains no samples");
        } else {
          in.close();
          in = openSamples();
          rewound = true;
        }
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }

  /** A short file, which would have to be opened too often. */
  private static final class MemoryLoop implements SampleSource {
    private final byte[] samples;
    private int at;

    MemoryLoop(byte[] samples) {
      this.samples = samples;
    }

    @Override
    public void read(byte[] to, int offset, int length) {
      int done = 0;
      while (done < length) {
        int n = Math.min(length - done, samples.length - at);
        System.arraycopy(samples, at, to, offset + done, n);
        done += n;
        at = (at + n) % samples.length;
      }
    }

    @Override
    public void close() {}
  }
}
