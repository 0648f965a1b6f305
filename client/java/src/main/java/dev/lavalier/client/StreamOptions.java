package dev.lavalier.client;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The parameters of a subscription. {@link #defaults} leaves all choices to the server; each {@code
 * with} method returns a changed copy. The server checks the values.
 *
 * @param deviceId a {@link Device#deviceId}; empty: the server's default device
 * @param frameSize samples per channel in a frame, at most one second and 1 MiB of audio; 0: 20 ms
 * @param maxLatency the maximum time that a frame may wait on the server, from the duration of one
 *     frame to one minute; zero: 200 ms
 * @param overflowPolicy what happens when {@code maxLatency} is exceeded
 * @param onDeviceLoss what happens when the device is lost
 * @param format the format of the frames; empty: the capture format
 * @param channelMap the source of each channel of the frames: a captured channel, counted from 1,
 *     or 0 for the mean of all; empty: the server chooses by the format's channel count
 * @param preroll how far in the past to start, at most ten minutes. The server may have less audio;
 *     {@link StreamStart#preroll} is the granted duration
 * @param clockNotices whether to receive notices with the speed of the device's clock: {@link
 *     Notice#clockPpm}
 * @param reconnect how long to try to reconnect after each loss of the connection; zero: the loss
 *     ends the stream; {@code ChronoUnit.FOREVER.getDuration()}: without a limit
 * @param codec how the audio is encoded between the server and this library. A server that is older
 *     than codecs sends PCM
 * @param bitrate the bit rate of {@link Codec#OPUS} in bits per second: 16000, 24000, 32000, 48000,
 *     64000, 96000, 128000 or 192000; 0: 64000 for one channel, 96000 for two
 * @param packets whether frames have the packets of the codec ({@link Frame#packet}), for example
 *     to store or to forward them; otherwise, this library decodes them
 */
public record StreamOptions(
    String deviceId,
    int frameSize,
    Duration maxLatency,
    OverflowPolicy overflowPolicy,
    OnDeviceLoss onDeviceLoss,
    Optional<PcmFormat> format,
    List<Integer> channelMap,
    Duration preroll,
    boolean clockNotices,
    Duration reconnect,
    Codec codec,
    int bitrate,
    boolean packets) {

  private static final StreamOptions DEFAULTS =
      new StreamOptions(
          "",
          0,
          Duration.ZERO,
          OverflowPolicy.DROP_OLDEST,
          OnDeviceLoss.FAIL,
          Optional.empty(),
          List.of(),
          Duration.ZERO,
          false,
          Duration.ofMinutes(5),
          Codec.PCM,
          0,
          false);

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException if {@code reconnect} is negative, or {@code maxLatency} is
   *     neither zero nor at least 1 ms
   * @throws NullPointerException if a value is null
   */
  public StreamOptions {
    Objects.requireNonNull(deviceId, "deviceId");
    Objects.requireNonNull(maxLatency, "maxLatency");
    Objects.requireNonNull(overflowPolicy, "overflowPolicy");
    Objects.requireNonNull(onDeviceLoss, "onDeviceLoss");
    Objects.requireNonNull(format, "format");
    channelMap = List.copyOf(Objects.requireNonNull(channelMap, "channelMap"));
    Objects.requireNonNull(preroll, "preroll");
    Objects.requireNonNull(codec, "codec");
    if (Objects.requireNonNull(reconnect, "reconnect").isNegative()) {
      throw new IllegalArgumentException(
          "reconnect: %s (expected: zero or more)".formatted(reconnect));
    }
    if (!maxLatency.isZero() && maxLatency.compareTo(Duration.ofMillis(1)) < 0) {
      throw new IllegalArgumentException(
          "max_latency: %s (expected: zero for the default, or 1 ms or more)"
              .formatted(maxLatency));
    }
  }

  /** Creates parameters for frames that are not encoded. */
  public StreamOptions(
      String deviceId,
      int frameSize,
      Duration maxLatency,
      OverflowPolicy overflowPolicy,
      OnDeviceLoss onDeviceLoss,
      Optional<PcmFormat> format,
      List<Integer> channelMap,
      Duration preroll,
      boolean clockNotices,
      Duration reconnect) {
    this(
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
        Codec.PCM,
        0,
        false);
  }

  /**
   * Returns the defaults: the server's default device, frames of 20 ms, at most 200 ms of latency,
   * the oldest frames are dropped, a lost device ends the stream, and reconnection is tried for
   * five minutes.
   */
  public static StreamOptions defaults() {
    return DEFAULTS;
  }

  /** Returns a copy for another device. */
  public StreamOptions withDeviceId(String value) {
    return new StreamOptions(
        value,
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
        packets);
  }

  /** Returns a copy with another frame size, in samples per channel. */
  public StreamOptions withFrameSize(int value) {
    return new StreamOptions(
        deviceId,
        value,
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
        packets);
  }

  /** Returns a copy with another maximum latency, rounded down to whole milliseconds. */
  public StreamOptions withMaxLatency(Duration value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        value,
        overflowPolicy,
        onDeviceLoss,
        format,
        channelMap,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with another overflow policy. */
  public StreamOptions withOverflowPolicy(OverflowPolicy value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        value,
        onDeviceLoss,
        format,
        channelMap,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with another behavior for a lost device. */
  public StreamOptions withOnDeviceLoss(OnDeviceLoss value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        value,
        format,
        channelMap,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with another format; the server converts if necessary. */
  public StreamOptions withFormat(PcmFormat value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        Optional.of(Objects.requireNonNull(value, "format")),
        channelMap,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /**
   * Returns a copy with another channel map; an empty list: the server chooses by the format's
   * channel count.
   */
  public StreamOptions withChannelMap(List<Integer> value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        format,
        value,
        preroll,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with another pre-roll, rounded down to whole milliseconds. */
  public StreamOptions withPreroll(Duration value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        format,
        channelMap,
        value,
        clockNotices,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with or without clock notices. */
  public StreamOptions withClockNotices(boolean value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        format,
        channelMap,
        preroll,
        value,
        reconnect,
        codec,
        bitrate,
        packets);
  }

  /** Returns a copy with another duration of reconnection; zero: no reconnection. */
  public StreamOptions withReconnect(Duration value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        format,
        channelMap,
        preroll,
        clockNotices,
        value,
        codec,
        bitrate,
        packets);
  }

  /**
   * Returns a copy with another codec between the server and this library. The format must be one
   * that the codec has.
   */
  public StreamOptions withCodec(Codec value) {
    return new StreamOptions(
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
        value,
        bitrate,
        packets);
  }

  /** Returns a copy with another bit rate of {@link Codec#OPUS}, in bits per second. */
  public StreamOptions withBitrate(int value) {
    return new StreamOptions(
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
        value,
        packets);
  }

  /**
   * Returns a copy whose frames have packets, or not. Without a codec, frames have PCM in both
   * cases.
   */
  public StreamOptions withPackets(boolean value) {
    return new StreamOptions(
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
        value);
  }
}
