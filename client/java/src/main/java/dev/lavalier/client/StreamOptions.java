package dev.lavalier.client;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The parameters of a subscription. Immutable. {@link #defaults} leaves all choices to the server:
 *
 * <pre>{@code
 * StreamOptions whisper = StreamOptions.builder().format("16000/1/s16le").build();
 * }</pre>
 */
public final class StreamOptions {

  private static final Duration MIN_LATENCY = Duration.ofMillis(1);

  /**
   * A server needs up to 13 s: it closes a device that was just in use within 3 s and opens it
   * within 10 s, or rejects the call.
   */
  static final Duration DEFAULT_OPEN_TIMEOUT = Duration.ofSeconds(20);

  private static final StreamOptions DEFAULTS = builder().build();

  private final String deviceId;
  private final int frameSize;
  private final Duration maxLatency;
  private final OverflowPolicy overflowPolicy;
  private final OnDeviceLoss onDeviceLoss;
  private final Optional<PcmFormat> format;
  private final List<Integer> channelMap;
  private final Duration preroll;
  private final boolean clockNotices;
  private final Duration reconnect;
  private final Codec codec;
  private final int bitrate;
  private final boolean packets;
  private final Duration openTimeout;

  private StreamOptions(Builder builder) {
    this.deviceId = builder.deviceId;
    this.frameSize = builder.frameSize;
    this.maxLatency = builder.maxLatency;
    this.overflowPolicy = builder.overflowPolicy;
    this.onDeviceLoss = builder.onDeviceLoss;
    this.format = builder.format;
    this.channelMap = builder.channelMap;
    this.preroll = builder.preroll;
    this.clockNotices = builder.clockNotices;
    this.reconnect = builder.reconnect;
    this.codec = builder.codec;
    this.bitrate = builder.bitrate;
    this.packets = builder.packets;
    this.openTimeout = builder.openTimeout;
  }

  /**
   * Returns the defaults: the server's default device, frames of 20 ms, at most 200 ms of latency,
   * the oldest frames are dropped, a lost device ends the stream, and reconnection is tried for
   * five minutes.
   */
  public static StreamOptions defaults() {
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
        .frameSize(frameSize)
        .maxLatency(maxLatency)
        .overflowPolicy(overflowPolicy)
        .onDeviceLoss(onDeviceLoss)
        .format(format)
        .channelMap(channelMap)
        .preroll(preroll)
        .clockNotices(clockNotices)
        .reconnect(reconnect)
        .codec(codec)
        .bitrate(bitrate)
        .packets(packets)
        .openTimeout(openTimeout);
  }

  /** Returns the device; empty: the server's default device. */
  public String deviceId() {
    return deviceId;
  }

  /** Returns the samples per channel in a frame; 0: 20 ms. */
  public int frameSize() {
    return frameSize;
  }

  /** Returns the maximum time that a frame may wait on the server; zero: 200 ms. */
  public Duration maxLatency() {
    return maxLatency;
  }

  /** Returns what happens when {@link #maxLatency} is exceeded. */
  public OverflowPolicy overflowPolicy() {
    return overflowPolicy;
  }

  /** Returns what happens when the device is lost. */
  public OnDeviceLoss onDeviceLoss() {
    return onDeviceLoss;
  }

  /** Returns the format of the frames; empty: the capture format. */
  public Optional<PcmFormat> format() {
    return format;
  }

  /** Returns the source of each channel of the frames; empty: the server chooses. Immutable. */
  public List<Integer> channelMap() {
    return channelMap;
  }

  /** Returns how far in the past to start. */
  public Duration preroll() {
    return preroll;
  }

  /** Returns whether to receive notices with the speed of the device's clock. */
  public boolean clockNotices() {
    return clockNotices;
  }

  /** Returns how long to try to reconnect after each loss of the connection; zero: not at all. */
  public Duration reconnect() {
    return reconnect;
  }

  /** Returns how the audio is encoded between the server and this library. */
  public Codec codec() {
    return codec;
  }

  /** Returns the bit rate of {@link Codec#OPUS} in bits per second; 0: the server's default. */
  public int bitrate() {
    return bitrate;
  }

  /** Returns whether frames have the packets of the codec. */
  public boolean packets() {
    return packets;
  }

  /** Returns how long the opening of the stream, and each attempt to reconnect, may take. */
  public Duration openTimeout() {
    return openTimeout;
  }

  private List<Object> values() {
    return List.of(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        format,
        channelMap,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets,
        openTimeout);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof StreamOptions options && values().equals(options.values());
  }

  @Override
  public int hashCode() {
    return values().hashCode();
  }

  @Override
  public String toString() {
    return ("StreamOptions[deviceId=%s, frameSize=%s, maxLatency=%s, overflowPolicy=%s,"
            + " onDeviceLoss=%s, format=%s, channelMap=%s, preroll=%s, clockNotices=%s,"
            + " reconnect=%s, codec=%s, bitrate=%s, packets=%s, openTimeout=%s]")
        .formatted(values().toArray());
  }

  /**
   * Builds options. Each method sets one of them, and throws {@link NullPointerException} with its
   * name if the value is null. For use by one thread.
   */
  public static final class Builder {

    private String deviceId = "";
    private int frameSize;
    private Duration maxLatency = Duration.ZERO;
    private OverflowPolicy overflowPolicy = OverflowPolicy.DROP_OLDEST;
    private OnDeviceLoss onDeviceLoss = OnDeviceLoss.FAIL;
    private Optional<PcmFormat> format = Optional.empty();
    private List<Integer> channelMap = List.of();
    private Duration preroll = Duration.ZERO;
    private boolean clockNotices;
    private Duration reconnect = Duration.ofMinutes(5);
    private Codec codec = Codec.PCM;
    private int bitrate;
    private boolean packets;
    private Duration openTimeout = DEFAULT_OPEN_TIMEOUT;

    private Builder() {}

    /** Sets the device, a {@link Device#deviceId}; empty, the default: the server's default. */
    public Builder deviceId(String value) {
      deviceId = Objects.requireNonNull(value, "deviceId");
      return this;
    }

    /**
     * Sets the samples per channel in a frame, at most one second and 1 MiB of audio; 0, the
     * default: 20 ms.
     */
    public Builder frameSize(int value) {
      frameSize = value;
      return this;
    }

    /**
     * Sets the maximum time that a frame may wait on the server, from the duration of one frame to
     * one minute, rounded down to whole milliseconds; zero, the default: 200 ms.
     */
    public Builder maxLatency(Duration value) {
      maxLatency = Objects.requireNonNull(value, "maxLatency");
      return this;
    }

    /** Sets what happens when the maximum latency is exceeded. Default: DROP_OLDEST. */
    public Builder overflowPolicy(OverflowPolicy value) {
      overflowPolicy = Objects.requireNonNull(value, "overflowPolicy");
      return this;
    }

    /** Sets what happens when the device is lost. Default: FAIL. */
    public Builder onDeviceLoss(OnDeviceLoss value) {
      onDeviceLoss = Objects.requireNonNull(value, "onDeviceLoss");
      return this;
    }

    /**
     * Sets the format of the frames; the server converts if necessary. Default: the capture format.
     */
    public Builder format(PcmFormat value) {
      return format(Optional.of(Objects.requireNonNull(value, "format")));
    }

    /**
     * Sets the format of the frames, as {@link PcmFormat#parse}.
     *
     * @throws IllegalArgumentException if the text is not RATE/CHANNELS/ENCODING
     */
    public Builder format(String text) {
      return format(PcmFormat.parse(Objects.requireNonNull(text, "format")));
    }

    private Builder format(Optional<PcmFormat> value) {
      format = value;
      return this;
    }

    /**
     * Sets the source of each channel of the frames: a captured channel, counted from 1, or 0 for
     * the mean of all. Empty, the default: the server chooses by the format's channel count. Copies
     * the list.
     */
    public Builder channelMap(List<Integer> value) {
      for (Integer channel : Objects.requireNonNull(value, "channelMap")) {
        Objects.requireNonNull(channel, "channelMap");
      }
      channelMap = List.copyOf(value);
      return this;
    }

    /**
     * Sets how far in the past to start, at most ten minutes, rounded down to whole milliseconds.
     * The server may have less audio; {@link StreamStart#preroll} is the granted duration. Default:
     * zero.
     */
    public Builder preroll(Duration value) {
      preroll = Objects.requireNonNull(value, "preroll");
      return this;
    }

    /**
     * Sets whether to receive notices with the speed of the device's clock: {@link
     * Notice#clockPpm}. Default: false.
     */
    public Builder clockNotices(boolean value) {
      clockNotices = value;
      return this;
    }

    /**
     * Sets how long to try to reconnect after each loss of the connection; zero: the loss ends the
     * stream; {@code ChronoUnit.FOREVER.getDuration()}: without a limit. Default: five minutes.
     */
    public Builder reconnect(Duration value) {
      reconnect = Objects.requireNonNull(value, "reconnect");
      return this;
    }

    /**
     * Sets how the audio is encoded between the server and this library. The format must be one
     * that the codec has. A server that is older than codecs sends PCM. Default: PCM.
     */
    public Builder codec(Codec value) {
      codec = Objects.requireNonNull(value, "codec");
      return this;
    }

    /**
     * Sets the bit rate of {@link Codec#OPUS} in bits per second: 16000, 24000, 32000, 48000,
     * 64000, 96000, 128000 or 192000; 0, the default: 64000 for one channel, 96000 for two.
     */
    public Builder bitrate(int value) {
      bitrate = value;
      return this;
    }

    /**
     * Sets whether frames have the packets of the codec ({@link Frame#packet}), for example to
     * store or to forward them; otherwise, this library decodes them. Without a codec, frames have
     * PCM in both cases. Default: false.
     */
    public Builder packets(boolean value) {
      packets = value;
      return this;
    }

    /**
     * Sets how long the opening of the stream, and each attempt to reconnect, may take: until the
     * server has opened the device, including the connection. From 1 ms to 1 h. If it takes longer,
     * the call fails as {@link LavalierException.Kind#UNAVAILABLE}. Default: 20 s; a server needs
     * up to 13 s to close a device that was just in use and to open it again.
     */
    public Builder openTimeout(Duration value) {
      openTimeout = Objects.requireNonNull(value, "openTimeout");
      return this;
    }

    /**
     * Returns the options. The server checks what only it knows, such as its limits.
     *
     * @throws IllegalArgumentException if a value is out of range for every server; the message is
     *     one line and names the value
     */
    public StreamOptions build() {
      check(frameSize >= 0, "frameSize", frameSize, "0 for 20 ms, or 1 or more");
      check(
          maxLatency.isZero() || maxLatency.compareTo(MIN_LATENCY) >= 0,
          "maxLatency",
          maxLatency,
          "zero for the default, or 1 ms or more");
      check(
          channelMap.stream().allMatch(channel -> channel >= 0),
          "channelMap",
          channelMap,
          "captured channels from 1, or 0 for the mean of all");
      check(!preroll.isNegative(), "preroll", preroll, "zero or more");
      check(!reconnect.isNegative(), "reconnect", reconnect, "zero or more");
      check(bitrate >= 0, "bitrate", bitrate, "0 for the default, or 16000..192000");
      Timeouts.check("openTimeout", openTimeout);
      return new StreamOptions(this);
    }

    private static void check(boolean valid, String name, Object value, String expected) {
      if (!valid) {
        throw new IllegalArgumentException(
            "%s: %s (expected: %s)".formatted(name, value, expected));
      }
    }
  }
}
