package dev.lavalier.hub;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.WorkBudget;
import dev.lavalier.pipeline.CapturePipeline;
import dev.lavalier.pipeline.PipelineListener;
import dev.lavalier.pipeline.StreamMetrics;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The objects of a device while it is open. Used by the device's actor, except {@link #open},
 * {@link #close} and {@link #notifyClosed}, which run on a worker as well.
 */
final class OpenDevice {

  private static final Logger log = LoggerFactory.getLogger(OpenDevice.class);

  /** The conversions of a device may take this much processor time at once. */
  private static final Duration MAX_CONVERSION_BURST = Duration.ofMillis(50);

  /**
   * The same for encoders, whose first packets take long, until the JVM has compiled their code.
   */
  private static final Duration MAX_ENCODING_BURST = Duration.ofMillis(500);

  /** If the thread of a stopped capture does not end within this time, that is logged. */
  private static final Duration JOIN_TIMEOUT = Duration.ofSeconds(2);

  final CapturePipeline pipeline;
  final Capture capture;
  final DeviceDescriptor device;
  final ProgressMonitor progress;

  /** Whether the epoch is the one of the opening before. */
  final boolean continuesEpoch;

  private final WorkBudget conversions;
  private final WorkBudget encoders;
  boolean silent;
  long nextClockNoticeAt = Long.MIN_VALUE; // steady time of the next CLOCK notice
  String closingReason = ""; // in a few words, for the audit log

  private final String deviceId;
  private final DeviceServices services;
  private final long historyBytes;
  private final long openedNanos;
  private boolean confirmed; // guarded by this

  /**
   * Opens a device. May block for ever in the sound system. If an exception is thrown, the device
   * is not open.
   *
   * @param minEpoch the number of a new epoch is at least this; the epoch before has a lower number
   * @param listener receives the events of the capture, once it is started
   * @throws StreamException if the sound system does not open the device
   */
  static OpenDevice open(
      String deviceId,
      long minEpoch,
      DeviceServices services,
      PipelineListener listener,
      StreamMetrics streamMetrics)
      throws StreamException {
    Capture capture = services.devices().open(deviceId);
    try {
      // The clock may be set back, and two openings may happen in one microsecond.
      long byClock = Math.max(minEpoch, services.epochs().micros(services.timeSource()));
      long epoch = capture.epoch().orElse(byClock);
      if (epoch < minEpoch - 1) { // a subscriber could resume at the wrong samples
        throw new StreamException(
            Reason.DEVICE_LOST,
            "%s: epoch %d (expected: at least %d): the clock of its machine was set back"
                .formatted(deviceId, epoch, minEpoch - 1));
      }
      if (capture.epoch().isEmpty()) {
        services.epochs().onEpoch(epoch);
      }
      return new OpenDevice(
          deviceId, capture, epoch, epoch < minEpoch, services, listener, streamMetrics);
    } catch (StreamException | RuntimeException | Error e) {
      try {
        capture.close();
      } catch (RuntimeException | Error suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private OpenDevice(
      String deviceId,
      Capture capture,
      long epoch,
      boolean continuesEpoch,
      DeviceServices services,
      PipelineListener listener,
      StreamMetrics streamMetrics)
      throws StreamException {
    this.deviceId = deviceId;
    this.continuesEpoch = continuesEpoch;
    this.capture = capture;
    this.device = capture.device();
    this.services = services;
    this.progress = new ProgressMonitor(capture);
    this.openedNanos = services.timeSource().nanoTime();
    this.conversions = budget(services, MAX_CONVERSION_BURST);
    this.encoders = budget(services, MAX_ENCODING_BURST);
    this.historyBytes = acquireHistory();
    Duration history = historyBytes == 0 ? Duration.ZERO : services.history();
    List<Period> kept = historyBytes == 0 ? List.of() : kept(history);
    this.pipeline =
        new CapturePipeline(
            epoch,
            capture.startIndex(),
            capture.format(),
            capture.periodSamples(),
            history.toNanos(),
            services.filters(),
            services.timeSource()::nanoTime,
            conversions,
            encoders,
            listener,
            streamMetrics);
    pipeline.setMaxDelay(capture.maxDelay().toNanos());
    pipeline.addKept(kept);
  }

  private List<Period> kept(Duration history) {
    try {
      return capture.kept(history);
    } catch (RuntimeException | Error e) {
      services.quotas().releaseHistory(historyBytes);
      throw e;
    }
  }

  /**
   * Reserves the memory of the history, and returns its size; 0: none. A device of another machine
   * opens without a history if there is no memory for one: that machine can have one.
   */
  private long acquireHistory() throws StreamException {
    long bytes = historyBytes(services.history(), capture);
    try {
      services.quotas().acquireHistory(deviceId, bytes);
      return bytes;
    } catch (StreamException e) {
      if (capture.epoch().isEmpty()) {
        throw e;
      }
      log.warn("{}; the device has no history", e.getMessage());
      return 0;
    }
  }

  private static WorkBudget budget(DeviceServices services, Duration burst) {
    return new WorkBudget(
        services.quotas().resources().conversionShare(),
        burst.toNanos(),
        services.timeSource()::threadCpuNanos);
  }

  /**
   * Returns the measured processor time of conversions and encoders, as a share of one processor.
   */
  double usedShare() {
    return conversions.usedShare() + encoders.usedShare();
  }

  private static long historyBytes(Duration history, Capture capture) {
    return history.isZero()
        ? 0
        : CapturePipeline.historyBytes(
            history.toNanos(), capture.format(), capture.periodSamples());
  }

  private void releaseHistory() {
    pipeline.releaseHistory();
    services.quotas().releaseHistory(historyBytes);
  }

  /**
   * Stops the capture, joins its thread and releases the device. May block for ever in the sound
   * system.
   */
  void close() {
    releaseHistory(); // first, because the sound system may not answer
    try (capture) { // released also if it does not stop
      if (!capture.stop(JOIN_TIMEOUT)) {
        log.warn(
            "{}: the capture thread did not end within {} s", deviceId, JOIN_TIMEOUT.toSeconds());
      }
      pipeline.close();
      log.debug("{}: closed", deviceId);
    } catch (RuntimeException | Error e) { // the actor must get an answer in any case
      log.warn("{}: closing failed", deviceId, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Reports that the device was closed. Reports nothing if that is not known but was confirmed
   * before: the closing and its timeout can come at the same time.
   *
   * @param acknowledged whether the sound system has confirmed it
   */
  synchronized void notifyClosed(boolean acknowledged) {
    if (confirmed && !acknowledged) {
      return;
    }
    confirmed = acknowledged;
    services
        .observer()
        .onClosed(
            deviceId,
            pipeline.epoch(),
            Duration.ofNanos(services.timeSource().nanoTime() - openedNanos),
            pipeline.capturedSamples(),
            closingReason,
            acknowledged);
  }
}
