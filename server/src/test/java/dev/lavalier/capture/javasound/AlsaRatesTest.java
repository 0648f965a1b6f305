package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Devices that ALSA captures at a rate that is not their own, with files as the kernel has them.
 */
final class AlsaRatesTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");

  @TempDir Path proc;

  private void write(String file, String text) throws IOException {
    Path path = proc.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private Optional<String> openWarning() {
    return AlsaRates.openWarning(proc, "Mic [plughw:1,0]", "Mic,0", FORMAT);
  }

  @Test
  void openDeviceWithAnotherRateIsReported() throws IOException {
    write("card1/pcm0c/sub0/hw_params", "closed\n");
    assertThat(openWarning()).isEmpty();

    write(
        "card1/pcm0c/sub1/hw_params",
        """
        access: MMAP_INTERLEAVED
        format: S16_LE
        subformat: STD
        channels: 1
        rate: 16000 (16000/1)
        period_size: 160
        buffer_size: 3200
        """);
    assertThat(openWarning())
        .contains(
            "Mic,0: the device captures at 16000 Hz, and ALSA converts that to 48000 Hz, which can"
                + " sound dull; use --device-format Mic,0=16000/2/s16le, or install"
                + " libasound2-plugins");

    write("card1/pcm0c/sub1/hw_params", "rate: 48000 (48000/1)\n");
    assertThat(openWarning()).isEmpty();
  }

  @Test
  void nothingIsReportedWithoutTheFiles() {
    assertThat(openWarning()).isEmpty();
    assertThat(AlsaRates.openWarning(proc, "default [default]", "default", FORMAT)).isEmpty();
    assertThat(warnings(proc.resolve("none"))).isEmpty();
  }

  private static List<String> warnings(Path folder) {
    return AlsaRates.warnings(
        folder, id -> id.equals("Hidden,0") ? Optional.empty() : Optional.of(FORMAT));
  }

  private static String stream(String rates) {
    return """
        C-Media USB Microphone at usb-0000:00:14.0-1, full speed : USB Audio

        Playback:
          Status: Stop
          Interface 1
            Altset 1
            Rates: 32000

        Capture:
          Status: Stop
          Interface 2
            Altset 1
            Format: S16_LE
            Channels: 1
            Endpoint: 0x82 (2 IN) (ASYNC)
            Rates: %s
            Bits: 16
        """
        .formatted(rates);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "44100, 48000 | false",
        "8000 - 48000 (continuous) | false",
        "16000 | true",
        "8000, 16000, 44100 | true",
        "8000 - 32000 (continuous) | true",
      })
  void usbDeviceWithoutTheRateIsReported(String rates, boolean reported) throws IOException {
    write("card1/id", "Mic\n");
    write("card1/stream0", stream(rates));
    write("card0/id", "PCH\n");
    write("card2/id", "Hidden\n");
    write("card2/stream0", stream("16000"));

    List<String> warnings = warnings(proc);

    assertThat(warnings).hasSize(reported ? 1 : 0);
    assertThat(warnings)
        .allSatisfy(
            warning ->
                assertThat(warning)
                    .startsWith("Mic,0: the device captures at " + rates + " Hz")
                    .contains("--device-format Mic,0=" + rates.split("\\D", 2)[0] + "/2/s16le"));
  }
}
