package dev.lavalier.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.Conversion;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.PolyphaseFilters;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.testing.NoPipelineListener;
import java.util.List;
import org.junit.jupiter.api.Test;

/** An epoch whose source numbers its samples itself. */
final class CapturePipelineTest {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/1/s16le");
  private static final long EPOCH = 7;

  private final CapturePipeline pipeline =
      new CapturePipeline(
          EPOCH,
          4_800,
          FORMAT,
          480,
          0,
          new PolyphaseFilters(),
          () -> 0,
          WorkBudget.unlimited(),
          new NoPipelineListener(),
          StreamMetrics.NONE);

  private void resumeAt(long index) throws StreamException {
    Conversion asCaptured = Conversion.plan(FORMAT, FORMAT, List.of());
    pipeline.checkStart(new StartFrom.Resume(EPOCH, index), asCaptured, 0);
  }

  @Test
  void streamCanResumeAtTheStartIndexBeforeTheFirstPeriod() throws Exception {
    resumeAt(4_800);
    assertThatThrownBy(() -> resumeAt(5_280))
        .hasMessage("resume.sample_index: 5280 (expected: already captured, at most 4800)");
    assertThat(pipeline.capturedSamples()).isZero();
  }

  @Test
  void samplesBeforeTheStartIndexDoNotCountAsCaptured() throws Exception {
    pipeline.onPeriod(new Period(new byte[960], 480, 4_800, 0, 0, 0));
    resumeAt(5_280);
    assertThat(pipeline.capturedSamples()).isEqualTo(480);
  }
}
