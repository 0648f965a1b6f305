package dev.lavalier.simulation;

import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.common.StreamException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import javax.sound.sampled.Mixer;
import org.jspecify.annotations.Nullable;

/** One microphone, its open lines and the faults of its next calls. Its ids may change. */
final class SimulatedDevice {

  /** A failure of a call into the sound system. */
  static final class InjectedException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    InjectedException() {
      super("simulated");
    }
  }

  /** An error of the machine while a call runs. */
  static final class InjectedError extends Error {
    private static final long serialVersionUID = 1L;

    InjectedError() {
      super("simulated", null, false, false);
    }
  }

  /** A line that was opened, and its capture thread. */
  static final class OpenedLine {
    final SimulatedLine line;
    @Nullable SimulatedThread reader; // null: not running
    long usedAt; // steady time at which it was last open or had a reader

    OpenedLine(SimulatedLine line) {
      this.line = line;
    }

    boolean isUsed() {
      return !line.isClosed() || reader != null;
    }
  }

  /** The pipeline of a line, for as long as it is in memory. */
  record Kept(WeakReference<CaptureListener> pipeline, OpenedLine opened) {}

  final String model; // equal for devices that the sound system cannot distinguish
  private final int number; // of the model
  final List<SupportedFormat> formats;
  final SimulatedLine.Properties properties;
  final int periodMillis;
  final boolean exclusive; // only one line can be open
  final List<OpenedLine> lines = new ArrayList<>(); // that are open or have a reader
  final List<Kept> pipelines = new ArrayList<>();
  private final Map<Long, LineTruth> byEpoch = new HashMap<>();
  String card = ""; // unique name of its sound card
  Mixer.@Nullable Info mixer; // null: it was never plugged in
  boolean plugged = true;
  boolean changed; // it was plugged in or removed, and no report has shown that yet
  boolean known; // it listed formats, and no report has shown that it was removed since
  boolean reported; // by the last report
  boolean usedByOthers; // another program has opened it
  boolean losesId; // it cannot be distinguished from an equal device that was plugged in or removed
  boolean wasFaulty; // it or an equal device was unplugged, or a fault was injected
  @Nullable Supplier<Throwable> nextOpening; // fails with this; null: succeeds
  long neededAt; // steady time at which it last had a subscriber

  SimulatedDevice(
      String model,
      int number,
      SimulatedLine.Properties properties,
      int periodMillis,
      boolean exclusive) {
    this.model = model;
    this.number = number;
    this.properties = properties;
    this.periodMillis = periodMillis;
    this.exclusive = exclusive;
    this.formats =
        List.of(
            new SupportedFormat(
                properties.format().encoding(),
                properties.format().sampleRateHz(),
                properties.format().channelCount()));
  }

  @Override
  public String toString() {
    return model + "/" + number;
  }

  /** Returns the properties of the device. */
  String describe() {
    return "%s %s period=%d ms exclusive=%s".formatted(this, properties, periodMillis, exclusive);
  }

  /** Returns whether it cannot be opened, because it is open or another program uses it. */
  boolean isBusy() {
    return usedByOthers || (exclusive && isOpen());
  }

  /** Throws the fault of the next opening, if there is one. */
  void failOpening() throws StreamException {
    Supplier<Throwable> fault = nextOpening;
    nextOpening = null;
    if (fault == null) {
      return;
    }
    Throwable thrown = fault.get();
    if (thrown instanceof StreamException refusal) {
      throw refusal;
    }
    throwUnchecked(thrown);
  }

  /** Throws a failure that is not checked. */
  static void throwUnchecked(Throwable failure) {
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    throw (Error) failure;
  }

  /** Records the epoch of a line. */
  void epochStarted(long epoch, SimulatedLine line) {
    byEpoch.put(epoch, line.truth());
  }

  /** Returns what happened to the line of an epoch; null if there is none. */
  @Nullable LineTruth lineOf(long epoch) {
    return byEpoch.get(epoch);
  }

  /** Returns whether a line is open. */
  boolean isOpen() {
    for (OpenedLine each : lines) {
      if (!each.line.isClosed()) {
        return true;
      }
    }
    return false;
  }

  /** Unplugs the device: its open lines fail. */
  void unplug() {
    plugged = false;
    wasFaulty = true;
    lines.forEach(each -> each.line.unplug());
  }
}
