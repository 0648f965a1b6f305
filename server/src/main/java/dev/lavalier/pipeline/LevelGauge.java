package dev.lavalier.pipeline;

import dev.lavalier.audio.LevelMeter;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.common.WorkBudget;

/**
 * Measures the level of a device once a second, for the metrics. Used only by the capture thread.
 */
final class LevelGauge {

  private final LevelMeter meter;
  private final int window; // samples per channel
  private final StreamMetrics metrics;

  LevelGauge(PcmFormat format, StreamMetrics metrics) {
    this.meter = new LevelMeter(format);
    this.window = format.sampleRateHz();
    this.metrics = metrics;
  }

  /** Adds a period in the capture format; omits it if the budget is spent. */
  void add(Period period, WorkBudget budget) {
    if (budget.isSpent()) {
      return;
    }
    budget.start();
    meter.add(period.pcm(), 0, period.samples());
    budget.stop();
    if (meter.samples() >= window) {
      report();
      meter.reset();
    }
  }

  private void report() {
    double peak = 0;
    double rms = 0;
    for (int channel = 0; channel < meter.channelCount(); channel++) {
      peak = Math.max(peak, meter.peak(channel));
      rms = Math.max(rms, meter.rms(channel));
    }
    metrics.onLevel(peak, rms);
  }
}
