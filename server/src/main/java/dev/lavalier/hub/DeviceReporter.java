package dev.lavalier.hub;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.RateLimitedLog;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports what happens to one device, to the log and to the observer of the hub. Used by the
 * device's actor only.
 */
final class DeviceReporter {

  private static final Logger log = LoggerFactory.getLogger(DeviceReporter.class);

  private static final Duration OVERRUN_LOG_WINDOW = Duration.ofMinutes(1);

  private final String deviceId;
  private final DeviceServices services;
  private final RateLimitedLog overruns;
  private long lostSince; // steady time of the last loss

  DeviceReporter(String deviceId, DeviceServices services) {
    this.deviceId = deviceId;
    this.services = services;
    this.overruns =
        new RateLimitedLog(
            services.timeSource(),
            1,
            OVERRUN_LOG_WINDOW,
            more ->
                "%s: the device lost samples %d more times within the last minute"
                    .formatted(deviceId, more),
            log::warn);
  }

  void onKeptOpen() {
    log.info(
        "{}: always on; the server keeps the last {} s of audio",
        deviceId,
        services.history().toMillis() / 1e3);
  }

  void onOpened(PcmFormat format, long epoch) {
    log.debug("{}: open in {}, epoch {}", deviceId, format, epoch);
    services.observer().onOpened(deviceId, format, epoch);
  }

  /** Reports that an attempt to open the device was refused. */
  void onRefused(String reason) {
    log.info("{}: not opened: {}", deviceId, reason);
  }

  /** Reports that an attempt to open the device failed in an unexpected way. */
  void onOpeningFailed(Throwable failure) {
    log.warn("{}: opening failed", deviceId, failure);
  }

  /** Reports the start of an outage. */
  void onLost(String reason) {
    log.warn("{}: lost: {}", deviceId, reason);
    services.observer().onLost(deviceId, reason);
    lostSince = services.timeSource().nanoTime();
  }

  /** Reports the end of the outage that {@link #onLost} reported. */
  void onRecovered(long epoch) {
    Duration outage = Duration.ofNanos(services.timeSource().nanoTime() - lostSince);
    log.warn("{}: back after {} s, epoch {}", deviceId, outage.toSeconds(), epoch);
    services.observer().onRecovered(deviceId, outage);
  }

  /** Reports samples that the device lost. A device can lose some with each period. */
  void onOverrun(long samples, PcmFormat format) {
    overruns.log(
        () -> "%s: about %d samples were lost before they were read".formatted(deviceId, samples));
    services.observer().onOverrun(deviceId, samples, format);
  }
}
