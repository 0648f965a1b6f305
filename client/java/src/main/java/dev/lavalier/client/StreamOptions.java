package dev.lavalier.client;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What to subscribe to. {@link #defaults} leaves everything to the server; the {@code with} methods
 * each return a changed copy. The server checks the values.
 *
 * @param deviceId a {@link Device#deviceId}; empty: the server's default device
 * @param frameSize samples per channel in a frame, to one second's worth; 0: 20 ms
 * @param maxLatency the longest that a frame may wait on the server, one frame to a minute; zero:
 *     200 ms
 * @param overflowPolicy what happens when that is passed
 * @param onDeviceLoss what happens when the device is lost
 * @param format the format of the frames; empty: as the device is captured
 * @param channelMap for each channel of the frames the captured channel that it comes from, counted
 *     from 1, or 0 for the mean of all; empty: as the format says
 * @param preroll how far before now to start, to ten minutes, as far as the server has kept it;
 *     {@link StreamStart#preroll} says how much that is
 * @param clockNotices whether to be told how fast the device's clock runs: {@link Notice#clockPpm}
 * @param reconnect for how long to try to reach a server that is gone, after each loss; zero: the
 *     loss ends the stream
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
    Duration reconnect) {

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
          Duration.ofMinutes(5));

  /**
   * Copies the list.
   *
   * @throws IllegalArgumentException where {@code reconnect} is negative
   */
  public StreamOptions {
    channelMap = List.copyOf(channelMap);
    if (reconnect.isNegative()) {
      throw new IllegalArgumentException(
          "reconnect: %s (expected: zero or more)".formatted(reconnect));
    }
  }

  /**
   * Returns the default device, 20 ms frames, 200 ms of queue, oldest dropped, a lost device ends
   * the stream, a lost server is sought for five minutes.
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
        reconnect);
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
        reconnect);
  }

  /** Returns a copy with another bound, of which whole milliseconds count. */
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
        reconnect);
  }

  /** Returns a copy with another policy. */
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
        reconnect);
  }

  /** Returns a copy that fails or waits when the device is lost. */
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
        reconnect);
  }

  /** Returns a copy in a format that the server may have to convert to. */
  public StreamOptions withFormat(PcmFormat value) {
    return new StreamOptions(
        deviceId,
        frameSize,
        maxLatency,
        overflowPolicy,
        onDeviceLoss,
        Optional.of(value),
        channelMap,
        preroll,
        clockNotices,
        reconnect);
  }

  /** Returns a copy whose channels come from others; an empty list: as the format says. */
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
        reconnect);
  }

  /** Returns a copy that starts so long before now, of which whole milliseconds count. */
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
        reconnect);
  }

  /** Returns a copy that is told of the device's clock, or not. */
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
        reconnect);
  }

  /** Returns a copy that seeks a lost server for so long; zero: not at all. */
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
        value);
  }
}
