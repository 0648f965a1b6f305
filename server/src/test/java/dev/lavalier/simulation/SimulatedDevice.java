package dev.lavalier.simulation;

import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.common.StreamException;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One microphone, its open lines and the faults of its next calls. */
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

    OpenedLine(SimulatedLine line) {
      this.line = line;
    }
  }

  final DeviceDescriptor descriptor;
  final SimulatedLine.Properties properties;
  final int periodMillis;
  final boolean exclusive; // only one line can be open
  final List<OpenedLine> lines = new ArrayList<>(); // that are open or have a reader
  final List<WeakReference<CaptureListener>> pipelines = new ArrayList<>();
  private final Map<Long, LineTruth> byEpoch = new HashMap<>();
  private @Nullable LineTruth lastOpened;
  boolean plugged = true;
  boolean wasFaulty; // it was unplugged, or a fault was injected
  @Nullable Supplier<Throwable> nextOpening; // fails with this; null: succeeds
  long neededAt; // steady time at which it last had a subscriber

  SimulatedDevice(
      String id, SimulatedLine.Properties properties, int periodMillis, boolean exclusive) {
    this.properties = properties;
    this.periodMillis = periodMillis;
    this.exclusive = exclusive;
    this.descriptor =
        new DeviceDescriptor(
            id,
            id,
            "",
            "",
            false,
            properties.format(),
            List.of(
                new SupportedFormat(
                    properties.format().encoding(),
                    properties.format().sampleRateHz(),
                    properties.format().channelCount())));
  }

  @Override
  public String toString() {
    return "%s %s period=%d ms exclusive=%s".formatted(id(), properties, periodMillis, exclusive);
  }

  String id() {
    return descriptor.id();
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
    } else if (thrown instanceof RuntimeException exception) {
      throw exception;
    }
    throw (Error) thrown;
  }

  void opened(OpenedLine line) {
    lines.add(line);
    lastOpened = line.line.truth();
  }

  /** Records the epoch of the line that was opened last. */
  void epochStarted(long epoch) {
    byEpoch.put(epoch, lastOpened);
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
