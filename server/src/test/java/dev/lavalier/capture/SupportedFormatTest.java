package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SupportedFormatTest {

  private static final PcmFormat PREFERRED = PcmFormat.parse("48000/2/s16le");

  @Test
  void wantedFormatIsChosenIfOffered() {
    assertThat(
            SupportedFormat.closest(
                PREFERRED,
                List.of(
                    new SupportedFormat(SampleEncoding.S32LE, 0, 0),
                    new SupportedFormat(SampleEncoding.S16LE, 0, 0))))
        .contains(PREFERRED);
  }

  @Test
  void ratePrecedesChannelsAndChannelsPrecedeEncoding() {
    SupportedFormat mono = new SupportedFormat(SampleEncoding.S16LE, 48_000, 1);
    SupportedFormat wide = new SupportedFormat(SampleEncoding.S24LE, 48_000, 2);
    SupportedFormat slow = new SupportedFormat(SampleEncoding.S16LE, 44_100, 2);
    assertThat(SupportedFormat.closest(PREFERRED, List.of(slow, mono, wide)))
        .contains(PcmFormat.parse("48000/2/s24le"));
    assertThat(SupportedFormat.closest(PREFERRED, List.of(slow, mono)))
        .contains(PcmFormat.parse("48000/1/s16le"));
    assertThat(SupportedFormat.closest(PREFERRED, List.of(slow)))
        .contains(PcmFormat.parse("44100/2/s16le"));
    assertThat(SupportedFormat.closest(PREFERRED, List.of())).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "48000, 8000 16000 44100 96000, 44100",
    "96000, 8000 16000 44100 48000, 48000",
    "16000, 8000 32000, 32000",
    "44100, 48000 32000, 48000",
    "8000, 192000 11025, 11025"
  })
  void rateIsTheClosestOneThatIsSupported(int preferred, String supported, int expected) {
    List<SupportedFormat> formats =
        Arrays.stream(supported.split(" "))
            .map(rate -> new SupportedFormat(SampleEncoding.S16LE, Integer.parseInt(rate), 2))
            .toList();

    assertThat(SupportedFormat.closest(new PcmFormat(SampleEncoding.S16LE, preferred, 2), formats))
        .contains(new PcmFormat(SampleEncoding.S16LE, expected, 2));
  }

  @Test
  void numberOfChannelsIsTheClosestOneThatIsSupported() {
    SupportedFormat mono = new SupportedFormat(SampleEncoding.S16LE, 48_000, 1);
    SupportedFormat eight = new SupportedFormat(SampleEncoding.S16LE, 48_000, 8);

    assertThat(SupportedFormat.closest(PREFERRED, List.of(eight, mono)))
        .contains(PcmFormat.parse("48000/1/s16le"));
  }
}
