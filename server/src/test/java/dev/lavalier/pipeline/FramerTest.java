package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FramerTest {

  private static final PcmFormat MONO = PcmFormat.parse("8000/1/s16le");

  private static final Conversion AS_CAPTURED = asCaptured();

  private static Conversion asCaptured() {
    try {
      return Conversion.plan(MONO, MONO, List.of());
    } catch (StreamException e) {
      throw new AssertionError(e);
    }
  }

  private record Cut(long sampleIndex, long captureNanos, List<Integer> samples) {}

  private final List<Cut> cuts = new ArrayList<>();

  private Framer framer(int frameSize) {
    FrameEncoder encoder =
        frame -> {
          byte[] pcm = frame.pcm();
          List<Integer> samples = new ArrayList<>();
          for (int i = 0; i < pcm.length; i += 2) {
            samples.add((pcm[i] & 0xff) | (pcm[i + 1] & 0xff) << 8);
          }
          cuts.add(new Cut(frame.sampleIndex(), frame.captureUnixNanos(), samples));
          return pcm.clone();
        };
    StreamPlan plan = new StreamPlan(AS_CAPTURED, frameSize, FrameCodec.stateless(encoder));
    return new Framer(plan, 16, false, () -> 0);
  }

  /** Returns a period in which the value of each sample is its index. */
  private static byte[] period(long from, int samples) {
    byte[] pcm = new byte[2 * samples];
    for (int i = 0; i < samples; i++) {
      pcm[2 * i] = (byte) (from + i);
      pcm[2 * i + 1] = (byte) ((from + i) >> 8);
    }
    return pcm;
  }

  @ParameterizedTest
  @CsvSource({"80,160,0", "80,80,0", "80,7,0", "80,1,0", "80,200,240", "13,80,1001", "80,8000,79"})
  void framesAreCutOnGridForEveryPeriod(int periodSamples, int frameSize, long joinedAt) {
    Framer framer = framer(frameSize);
    long end = joinedAt + 20_000;
    for (long at = joinedAt; at < end; at += periodSamples) {
      framer.accept(
          new Period(period(at, periodSamples), periodSamples, at, 0, MONO.nanosOf(at), 0),
          LossTotals.NONE);
    }

    assertThat(cuts).isNotEmpty();
    long expected = (joinedAt + frameSize - 1) / frameSize * frameSize;
    for (Cut cut : cuts) {
      assertThat(cut.sampleIndex()).isEqualTo(expected);
      assertThat(cut.captureNanos()).isEqualTo(MONO.nanosOf(expected));
      assertThat(cut.samples()).hasSize(frameSize);
      for (int i = 0; i < frameSize; i++) {
        assertThat(cut.samples().get(i)).isEqualTo((int) ((expected + i) & 0xffff));
      }
      expected += frameSize;
    }
    assertThat(expected).isGreaterThan(end - frameSize);
    assertThat(framer.ring().head()).isEqualTo(cuts.size());
    assertThat(framer.firstIndex()).isEqualTo(cuts.get(0).sampleIndex());
  }

  @Test
  void acceptReturnsWhetherFrameIsComplete() {
    Framer framer = framer(160);
    assertThat(framer.accept(new Period(period(0, 80), 80, 0, 0, 0, 0), LossTotals.NONE)).isFalse();
    assertThat(framer.accept(new Period(period(80, 80), 80, 80, 0, 0, 0), LossTotals.NONE))
        .isTrue();
  }
}
