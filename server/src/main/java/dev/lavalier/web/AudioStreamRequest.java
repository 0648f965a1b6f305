package dev.lavalier.web;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A request for a device as an HTTP stream, such as {@code
 * /devices/ID.wav?rate=16000&channels=1&encoding=s16le}.
 *
 * @param container what the stream contains
 * @param subscription the request of the contract
 */
record AudioStreamRequest(AudioContainer container, StreamFramesRequest subscription) {

  /**
   * Longer than the default of the contract: a player prefers continuous audio to the lowest
   * latency.
   */
  private static final int MAX_LATENCY_MS = 1_000;

  private static final Pattern PATH =
      Pattern.compile("/devices/(.+)\\.(wav|flac|opus|ogg)", Pattern.DOTALL);
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
  private static final String ENCODING = "SAMPLE_ENCODING_";

  /** Returns whether a path is that of a device as a stream. */
  static boolean matches(String path) {
    return PATH.matcher(path).matches();
  }

  /**
   * Parses a request.
   *
   * @param target the path and the query of a path that {@link #matches}
   * @throws StreamException INVALID_REQUEST
   */
  static AudioStreamRequest parse(String target) throws StreamException {
    QueryStringDecoder decoder = new QueryStringDecoder(target, StandardCharsets.UTF_8);
    StreamFramesRequest.Builder subscription =
        StreamFramesRequest.newBuilder().setMaxLatencyMs(MAX_LATENCY_MS);
    AudioContainer container;
    Map<String, List<String>> parameters;
    try {
      Matcher path = PATH.matcher(decoder.path());
      if (!path.matches()) { // a part of it was encoded
        throw invalid("path", decoder.path(), "/devices/ID.wav, .flac, .opus or .ogg");
      }
      subscription.setDeviceId(path.group(1));
      container = AudioContainer.ofExtension(path.group(2)).orElseThrow();
      parameters = decoder.parameters();
    } catch (IllegalArgumentException e) {
      throw invalid("path", target, "% only before two hexadecimal digits");
    }
    subscription.setCodec(container.codec());
    AudioFormat.Builder format = subscription.getFormatBuilder();
    if (container == AudioContainer.WAV) {
      format.setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE);
    }
    for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      String value = String.join(", ", parameter.getValue());
      switch (name) {
        case "rate" -> format.setSampleRateHz(number(name, value, "Hz"));
        case "channels" -> format.setChannelCount(number(name, value, "channels"));
        case "frame_size" -> subscription.setFrameSize(number(name, value, "samples"));
        default -> setOfContainer(container, subscription, name, value);
      }
    }
    return new AudioStreamRequest(container, subscription.build());
  }

  /** Sets a parameter that not all containers have. */
  private static void setOfContainer(
      AudioContainer container, StreamFramesRequest.Builder subscription, String name, String value)
      throws StreamException {
    boolean isOpus = container == AudioContainer.OGG;
    if (isOpus && name.equals("bitrate")) {
      subscription.setBitrate(number(name, value, "bits per second"));
    } else if (!isOpus && name.equals("encoding")) {
      subscription.getFormatBuilder().setEncoding(encoding(value));
    } else {
      throw invalid(
          name, value, "one of rate, channels, frame_size, " + (isOpus ? "bitrate" : "encoding"));
    }
  }

  private static int number(String name, String value, String unit) throws StreamException {
    if (!NUMBER.matcher(value).matches()) {
      throw invalid(name, value, "a number of " + unit + ", once");
    }
    return Integer.parseInt(value);
  }

  private static SampleEncoding encoding(String value) throws StreamException {
    for (SampleEncoding each : SampleEncoding.values()) {
      if (value.matches("[a-z]\\d\\dle")
          && each.name().equals(ENCODING + value.toUpperCase(Locale.ROOT))) {
        return each;
      }
    }
    throw invalid("encoding", value, "s16le, s24le, s32le or f32le, once");
  }

  private static StreamException invalid(String name, String value, String expected) {
    return new StreamException(
        Reason.INVALID_REQUEST,
        "%s: %s (expected: %s)"
            .formatted(
                LogText.sanitizeAndTruncate(name, 50),
                value.isEmpty() ? "empty" : LogText.sanitizeAndTruncate(value, 100),
                expected));
  }
}
