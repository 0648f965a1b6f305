package dev.lavalier.client;

import java.time.Duration;
import java.util.Objects;

/**
 * The parameters of a stream of levels. {@link #defaults} leaves all choices to the server; each
 * {@code with} method returns a changed copy. The server checks the values.
 *
 * @param deviceId a {@link Device#deviceId}; empty: the server's default device
 * @param interval the length of an interval, from 20 ms to 10 s, rounded down to whole
 *     milliseconds; zero: 100 ms
 * @param onDeviceLoss what happens when the device is lost
 */
public record LevelOptions(String deviceId, Duration interval, OnDeviceLoss onDeviceLoss) {

  private static final LevelOptions DEFAULTS =
      new LevelOptions("", Duration.ZERO, OnDeviceLoss.FAIL);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if {@code interval} is neither zero nor at least 1 ms
   * @throws NullPointerException if a value is null
   */
  public LevelOptions {
    Objects.requireNonNull(deviceId, "deviceId");
    Objects.requireNonNull(interval, "interval");
    Objects.requireNonNull(onDeviceLoss, "onDeviceLoss");
    if (!interval.isZero() && interval.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(
          "interval: %s (expected: zero for the default, or 20 ms or more)".formatted(interval));
    }
  }

  /**
   * Returns the defaults: the server's default device, intervals of 100 ms, and a lost device ends
   * the stream.
   */
  public static LevelOptions defaults() {
    return DEFAULTS;
  }

  /** Returns a copy for another device. */
  public LevelOptions withDeviceId(String value) {
    return new LevelOptions(value, interval, onDeviceLoss);
  }

  /** Returns a copy with another interval. */
  public LevelOptions withInterval(Duration value) {
    return new LevelOptions(deviceId, value, onDeviceLoss);
  }

  /** Returns a copy with another behavior for a lost device. */
  public LevelOptions withOnDeviceLoss(OnDeviceLoss value) {
    return new LevelOptions(deviceId, interval, value);
  }
}
