package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import org.junit.jupiter.api.Test;

final class HistoryTest {

  private static final int SAMPLES = 80;

  private final History history =
      new History(2_000_000_000L, PcmFormat.parse("8000/1/s16le"), SAMPLES);

  private void add(int count) {
    for (int i = 0; i < count; i++) {
      history.add(new Period(new byte[2 * SAMPLES], SAMPLES, history.head() * SAMPLES, 0, 0, 0));
    }
  }

  @Test
  void historyKeepsPromisedTimeAndOneSecond() {
    add(10_000);

    assertThat(history.head() - history.oldestAvailable()).isEqualTo(301);
    int kept = 0;
    for (long sequence = 0; sequence < history.head(); sequence++) {
      kept += history.get(sequence) == null ? 0 : 1;
    }
    assertThat(kept).isEqualTo(302);
  }

  @Test
  void periodIsFoundBySampleIndex() {
    assertThat(history.find(0)).isNull();
    add(1_000);

    assertThat(history.find(900 * SAMPLES).sequence()).isEqualTo(900);
    assertThat(history.find(901 * SAMPLES - 1).sequence()).isEqualTo(900);
    assertThat(history.find(Long.MAX_VALUE).sequence()).isEqualTo(999);
    assertThat(history.find(0).sequence()).isEqualTo(history.oldestAvailable());
  }

  @Test
  void historyKeepsACopy() {
    byte[] pcm = new byte[2 * SAMPLES];
    history.add(new Period(pcm, SAMPLES, 0, 0, 0, 0));
    pcm[0] = 1;

    assertThat(history.get(0).period().pcm()[0]).isZero();
  }
}
