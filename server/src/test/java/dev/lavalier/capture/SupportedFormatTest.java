package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.List;
import org.junit.jupiter.api.Test;

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
}
