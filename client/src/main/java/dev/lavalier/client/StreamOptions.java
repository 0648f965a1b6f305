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
 */
public record StreamOptions(
    String deviceId,
    int frameSize,
    Duration maxLatency,
    OverflowPolicy overflowPolicy,
    OnDeviceLoss onDeviceLoss,
    Optional<PcmFormat> format,
    List<Integer> channelMap) {

  private static final StreamOptions DEFAULTS =
      new StreamOptions(
          "",
          0,
          Duration.ZERO,
          OverflowPolicy.DROP_OLDEST,
          OnDeviceLoss.FAIL,
          Optional.empty(),
          List.of());

  /** Copies the list. */
  public StreamOptions {
    channelMap = List.copyOf(channelMap);
  }

  /** Returns the default device, 20 ms frames, 200 ms of queue, oldest dropped, loss fails. */
  public static StreamOptions defaults() {
    return DEFAULTS;
  }

  /** Returns a copy for another device. */
  public StreamOptions withDeviceId(String value) {
    return new StreamOptions(
        value, frameSize, maxLatency, overflowPolicy, onDeviceLoss, format, channelMap);
  }

  /** Returns a copy with another frame size, in samples per channel. */
  public StreamOptions withFrameSize(int value) {
    return new StreamOptions(
        deviceId, value, maxLatency, overflowPolicy, onDeviceLoss, format, channelMap);
  }

  /** Returns a copy with another bound, of which whole milliseconds count. */
  public StreamOptions withMaxLatency(Duration value) {
    return new StreamOptions(
        deviceId, frameSize, value, overflowPolicy, onDeviceLoss, format, channelMap);
  }

  /** Returns a copy with another policy. */
  public StreamOptions withOverflowPolicy(OverflowPolicy value) {
    return new StreamOptions(
        deviceId, frameSize, maxLatency, value, onDeviceLoss, format, channelMap);
  }

  /** Returns a copy that fails or waits when the device is lost. */
  public StreamOptions withOnDeviceLoss(OnDeviceLoss value) {
    return new StreamOptions(
        deviceId, frameSize, maxLatency, overflowPolicy, value, format, channelMap);
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
        channelMap);
  }

  /** Returns a copy whose channels come from others; an empty list: as the format says. */
  public StreamOptions withChannelMap(List<Integer> value) {
    return new StreamOptions(
        deviceId, frameSize, maxLatency, overflowPolicy, onDeviceLoss, format, value);
  }
}
