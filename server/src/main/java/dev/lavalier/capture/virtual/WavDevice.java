package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.JavaSoundFormats;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;

/**
 * A WAV file that plays again and again, in its own format alone. The file is read as it plays, so
 * its size does not matter; each opening begins at its beginning.
 *
 * @param name its {@code device_id}
 * @param file the file
 * @param format the file's format
 */
public record WavDevice(String name, Path file, PcmFormat format) implements VirtualDevice {

  private static final int MAGIC_BYTES = 12;

  /**
   * Looks at the file's header.
   *
   * @throws IllegalArgumentException with a message for the operator, where the file cannot be
   *     read, is not a WAV, holds an encoding other than s16le, s24le, s32le or f32le, or holds no
   *     sample
   */
  public static WavDevice of(String name, Path file) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("wav: =%s (expected: NAME=FILE)".formatted(file));
    }
    if (!Files.isReadable(file) || Files.isDirectory(file)) {
      throw invalid(name, file, "a file that can be read", null);
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
   * Leaves files that are no WAV alone: the JDK knows other kinds too, and takes seconds to see
   * that bytes are no MIDI.
   *
   * @throws UnsupportedAudioFileException also where the JDK's readers stumble over the header
   */
  private static AudioInputStream read(Path file)
      throws IOException, UnsupportedAudioFileException {
    BufferedInputStream bytes = new BufferedInputStream(Files.newInputStream(file));
    try {
      bytes.mark(MAGIC_BYTES);
      String magic = new String(bytes.readNBytes(MAGIC_BYTES), StandardCharsets.ISO_8859_1);
      bytes.reset();
      if (!magic.startsWith("RIFF") || !magic.endsWith("WAVE")) {
        throw new UnsupportedAudioFileException("no RIFF/WAVE at its beginning");
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
      String name, Path file, String expected, Exception cause) {
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
    return new LoopingSource(file);
  }

  private static final class LoopingSource implements SampleSource {
    private final Path file;
    private AudioInputStream in;

    LoopingSource(Path file) throws IOException {
      this.file = file;
      this.in = rewind(file);
    }

    private static AudioInputStream rewind(Path file) throws IOException {
      try {
        return WavDevice.read(file);
      } catch (UnsupportedAudioFileException e) {
        throw new IOException(file + " is no longer a WAV file", e);
      }
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
          throw new EOFException(file + " holds no sample any more");
        } else {
          in.close();
          in = rewind(file);
          rewound = true;
        }
      }
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
