package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.capture.virtual.VirtualDevice.SampleSource;
import dev.lavalier.capture.virtual.WavDevice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Opens any bytes as a WAV file: it plays, or it is rejected in one line. A file that replaces
 * another one plays, or ends the line in one line.
 */
final class WavFuzzTest {

  private static final int MAX_CHANNELS = 64;
  private static final int RATE = 1_000;

  /** One sample of 16 bits, one channel, 1000 Hz. */
  private static final byte[] PLAYABLE =
      HexFormat.of()
          .parseHex(
              "524946462600000057415645666d74201000000001000100e8030000d007000002001000"
                  + "64617461020000000100");

  private Path file;

  @BeforeEach
  void make() throws IOException {
    file = Files.createTempFile("lavalier-fuzz", ".wav");
  }

  @AfterEach
  void delete() throws IOException {
    Files.delete(file);
  }

  @FuzzTest(maxDuration = "5s")
  void header(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    WavDevice device;
    try {
      device = WavDevice.of("take", file);
    } catch (IllegalArgumentException e) {
      OneLine.check(e.getMessage());
      return;
    }
    assertThat(device.format().channelCount()).isBetween(1, MAX_CHANNELS);
    byte[] period = new byte[100 * device.format().bytesPerSampleFrame()];
    try (SampleSource source = device.open(device.format())) {
      source.read(period, 0, period.length);
      source.read(period, 0, period.length);
    }
  }

  @FuzzTest(maxDuration = "5s")
  void exchangedFile(byte[] bytes) throws IOException {
    Files.write(file, PLAYABLE);
    WavDevice device = WavDevice.of("take", file);
    byte[] second = new byte[device.format().bytesPerSampleFrame() * RATE];
    try (SampleSource source = device.open(device.format())) {
      Files.write(file, bytes);
      source.read(second, 0, second.length);
      device.refreshed();
    } catch (IOException e) {
      OneLine.checkLine(e.getMessage());
    }
  }
}
