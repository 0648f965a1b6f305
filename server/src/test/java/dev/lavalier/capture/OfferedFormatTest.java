package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.List;
import org.junit.jupiter.api.Test;

final class OfferedFormatTest {

  private static final PcmFormat WANTED = PcmFormat.parse("48000/2/s16le");

  @Test
  void takesWhatIsWantedWhereItIsOffered() {
    assertThat(
            OfferedFormat.nearest(
                WANTED,
                List.of(
                    new OfferedFormat(SampleEncoding.S32LE, 0, 0),
                    new OfferedFormat(SampleEncoding.S16LE, 0, 0))))
        .contains(WANTED);
  }

  @Test
  void keepsTheRateBeforeTheChannelsBeforeTheEncoding() {
    OfferedFormat mono = new OfferedFormat(SampleEncoding.S16LE, 48_000, 1);
    OfferedFormat wide = new OfferedFormat(SampleEncoding.S24LE, 48_000, 2);
    OfferedFormat slow = new OfferedFormat(SampleEncoding.S16LE, 44_100, 2);
    assertThat(OfferedFormat.nearest(WANTED, List.of(slow, mono, wide)))
        .contains(PcmFormat.parse("48000/2/s24le"));
    assertThat(OfferedFormat.nearest(WANTED, List.of(slow, mono)))
        .contains(PcmFormat.parse("48000/1/s16le"));
    assertThat(OfferedFormat.nearest(WANTED, List.of(slow)))
        .contains(PcmFormat.parse("44100/2/s16le"));
    assertThat(OfferedFormat.nearest(WANTED, List.of())).isEmpty();
  }
}
