package dev.lavalier.client;

import java.util.List;
import java.util.OptionalInt;

/**
 * The flow-control window for a stream on a connection of its own: how much of the stream may be in
 * transit. More audio would only expire in the buffers on the way. Computation only.
 */
final class FlowWindow {

  /**
   * In seconds of audio. The transport passes half of it per round trip, so it suffices for a round
   * trip of 200 ms.
   */
  private static final double SECONDS = 0.4;

  private static final int MIN_BYTES = 16 << 10;

  private FlowWindow() {}

  /** Returns the window in bytes; empty if it depends on the device. */
  static OptionalInt bytes(StreamOptions options) {
    if (options.codec() == Codec.OPUS) {
      return OptionalInt.of(MIN_BYTES); // 0.7 s at its highest bit rate
    }
    PcmFormat requested = requestedFormat(options);
    return requested.sampleRateHz() > 0 && requested.channelCount() > 0
        ? OptionalInt.of(bytes(requested))
        : OptionalInt.empty();
  }

  /** Returns the window in bytes, the smallest one if the device is not among these. */
  static int bytes(StreamOptions options, List<Device> devices) {
    PcmFormat requested = requestedFormat(options);
    String deviceId = options.deviceId();
    for (Device device : devices) {
      if (deviceId.isEmpty() ? device.isDefault() : device.deviceId().equals(deviceId)) {
        PcmFormat captured = device.captureFormat();
        int channelCount =
            options.channelMap().isEmpty() ? captured.channelCount() : options.channelMap().size();
        return bytes(
            new PcmFormat(
                options.format().isPresent() ? requested.encoding() : captured.encoding(),
                requested.sampleRateHz() > 0 ? requested.sampleRateHz() : captured.sampleRateHz(),
                requested.channelCount() > 0 ? requested.channelCount() : channelCount));
      }
    }
    return MIN_BYTES;
  }

  private static PcmFormat requestedFormat(StreamOptions options) {
    return options.format().orElse(new PcmFormat(SampleEncoding.S16LE, 0, 0));
  }

  private static int bytes(PcmFormat format) {
    double bytesPerSecond = (double) format.sampleRateHz() * format.bytesPerSampleFrame();
    return (int) Math.max(MIN_BYTES, SECONDS * bytesPerSecond);
  }
}
