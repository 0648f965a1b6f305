package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
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

  @Test
  void ofTwoNumbersOfChannelsThatAreEquallyClose_theHigherIsChosen() {
    SupportedFormat mono = new SupportedFormat(SampleEncoding.S16LE, 48_000, 1);
    SupportedFormat three = new SupportedFormat(SampleEncoding.S16LE, 48_000, 3);

    assertThat(SupportedFormat.closest(PREFERRED, List.of(mono, three)))
        .contains(PcmFormat.parse("48000/3/s16le"));
  }

  @ParameterizedTest
  @CsvSource({
    "S24LE, s16le s32le, S32LE",
    "S24LE, s32le f32le s16le, F32LE",
    "S16LE, s32le s24le, S24LE",
    "S16LE, f32le s24le, S24LE",
    "S32LE, s16le s24le, S24LE",
    "F32LE, s16le s24le s32le, S24LE",
    "F32LE, f32le s24le, F32LE"
  })
  void encodingIsTheClosestOneThatLosesNothing(
      SampleEncoding preferred, String supported, SampleEncoding expected) {
    List<SupportedFormat> formats =
        Arrays.stream(supported.split(" "))
            .map(name -> PcmFormat.parse("44100/2/" + name))
            .map(f -> new SupportedFormat(f.encoding(), f.sampleRateHz(), f.channelCount()))
            .toList();

    assertThat(SupportedFormat.closest(new PcmFormat(preferred, 48_000, 2), formats))
        .contains(new PcmFormat(expected, 44_100, 2));
  }

  @Test
  void orderOfTheListDoesNotMatter() {
    List<SupportedFormat> formats = new ArrayList<>();
    for (int rate : new int[] {0, 8_000, 24_000, 44_100, 96_000}) {
      for (int channels : new int[] {0, 1, 3, 8}) {
        for (SampleEncoding encoding : SampleEncoding.values()) {
          formats.add(new SupportedFormat(encoding, rate, channels));
        }
      }
    }
    Random random = new Random(1);
    for (String preferred : List.of("48000/2/s24le", "16000/5/f32le", "88200/1/s32le")) {
      PcmFormat wanted = PcmFormat.parse(preferred);
      for (int i = 0; i < 200; i++) {
        Collections.shuffle(formats, random);
        List<SupportedFormat> some = List.copyOf(formats.subList(0, 1 + random.nextInt(20)));
        List<SupportedFormat> reversed = new ArrayList<>(some);
        Collections.reverse(reversed);

        assertThat(SupportedFormat.closest(wanted, reversed))
            .isEqualTo(SupportedFormat.closest(wanted, some));
      }
    }
  }
}
