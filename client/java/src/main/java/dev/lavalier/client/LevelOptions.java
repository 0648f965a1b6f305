package dev.lavalier.client;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * The parameters of a stream of levels. Immutable. {@link #defaults} leaves all choices to the
 * server.
 */
public final class LevelOptions {

  private static final Duration MIN_INTERVAL = Duration.ofMillis(1);

  private static final LevelOptions DEFAULTS = builder().build();

  private final String deviceId;
  private final Duration interval;
  private final OnDeviceLoss onDeviceLoss;
  private final Duration openTimeout;

  private LevelOptions(Builder builder) {
    this.deviceId = builder.deviceId;
    this.interval = builder.interval;
    this.onDeviceLoss = builder.onDeviceLoss;
    this.openTimeout = builder.openTimeout;
  }

  /**
   * Returns the defaults: the server's default device, intervals of 100 ms, and a lost device ends
   * the stream.
   */
  public static LevelOptions defaults() {
    return DEFAULTS;
  }

  /** Returns a builder with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns a builder with these options. */
  public Builder toBuilder() {
    return new Builder()
        .deviceId(deviceId)
        .interval(interval)
        .onDeviceLoss(onDeviceLoss)
        .openTimeout(openTimeout);
  }

  /** Returns the device; empty: the server's default device. */
  public String deviceId() {
    return deviceId;
  }

  /** Returns the length of an interval; zero: 100 ms. */
  public Duration interval() {
    return interval;
  }

  /** Returns what happens when the device is lost. */
  public OnDeviceLoss onDeviceLoss() {
    return onDeviceLoss;
  }

  /** Returns how long the opening of the stream may take. */
  public Duration openTimeout() {
    return openTimeout;
  }

  private List<Object> values() {
    return List.of(deviceId, interval, onDeviceLoss, openTimeout);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof LevelOptions options && values().equals(options.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  @Override
  public String toString() {
    return "LevelOptions[deviceId=%s, interval=%s, onDeviceLoss=%s, openTimeout=%s]"
        .formatted(values().toArray());
  }

  /**
   * Builds options. Each method sets one of them, and throws {@link NullPointerException} with its
   * name if the value is null. For use by one thread.
   */
  public static final class Builder {

    private String deviceId = "";
    private Duration interval = Duration.ZERO;
    private OnDeviceLoss onDeviceLoss = OnDeviceLoss.FAIL;
    private Duration openTimeout = StreamOptions.DEFAULT_OPEN_TIMEOUT;

    private Builder() {}

    /** Sets the device, a {@link Device#deviceId}; empty, the default: the server's default. */
    public Builder deviceId(String value) {
      deviceId = Objects.requireNonNull(value, "deviceId");
      return this;
    }

    /**
     * Sets the length of an interval, from 20 ms to 10 s, rounded down to whole milliseconds; zero,
     * the default: 100 ms.
     */
    public Builder interval(Duration value) {
      interval = Objects.requireNonNull(value, "interval");
      return this;
    }

    /** Sets what happens when the device is lost. Default: FAIL. */
    public Builder onDeviceLoss(OnDeviceLoss value) {
      onDeviceLoss = Objects.requireNonNull(value, "onDeviceLoss");
      return this;
    }

    /** Sets how long the opening may take, as {@link StreamOptions.Builder#openTimeout}. */
    public Builder openTimeout(Duration value) {
      openTimeout = Objects.requireNonNull(value, "openTimeout");
      return this;
    }

    /**
     * Returns the options. The server checks what only it knows, such as its limits.
     *
     * @throws IllegalArgumentException if the interval is neither zero nor at least 1 ms, or the
     *     timeout is out of range; the message is one line and names the value
     */
    public LevelOptions build() {
      if (!interval.isZero() && interval.compareTo(MIN_INTERVAL) < 0) {
        throw new IllegalArgumentException(
            "interval: %s (expected: zero for the default, or 20 ms or more)".formatted(interval));
      }
      Timeouts.check("openTimeout", openTimeout);
      return new LevelOptions(this);
    }
  }
}
