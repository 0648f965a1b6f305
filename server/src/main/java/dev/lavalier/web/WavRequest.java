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

/** Parses the target {@code /devices/ID.wav?rate=16000&channels=1&encoding=s16le}. */
final class WavRequest {

  /**
   * Longer than the default of the contract: a player prefers continuous audio to the lowest
   * latency.
   */
  private static final int MAX_LATENCY_MS = 1_000;

  private static final Pattern PATH = Pattern.compile("/devices/(.+)\\.wav", Pattern.DOTALL);
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
  private static final String ENCODING = "SAMPLE_ENCODING_";

  private WavRequest() {}

  /** Returns whether a path is that of a device as a WAV stream. */
  static boolean matches(String path) {
    return PATH.matcher(path).matches();
  }

  /**
   * Returns the request for a subscription.
   *
   * @param target the path and the query of a path that {@link #matches}
   * @throws StreamException INVALID_REQUEST
   */
  static StreamFramesRequest parse(String target) throws StreamException {
    QueryStringDecoder decoder = new QueryStringDecoder(target, StandardCharsets.UTF_8);
    AudioFormat.Builder format =
        AudioFormat.newBuilder().setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE);
    String deviceId;
    Map<String, List<String>> parameters;
    try {
      Matcher path = PATH.matcher(decoder.path());
      if (!path.matches()) { // a part of it was encoded
        throw invalid("path", decoder.path(), "/devices/ID.wav");
      }
      deviceId = path.group(1);
      parameters = decoder.parameters();
    } catch (IllegalArgumentException e) {
      throw invalid("path", target, "% only before two hexadecimal digits");
    }
    for (Map.Entry<String, List<String>> parameter : parameters.entrySet()) {
      String name = parameter.getKey();
      String value = String.join(", ", parameter.getValue());
      switch (name) {
        case "rate" -> format.setSampleRateHz(number(name, value, "Hz"));
        case "channels" -> format.setChannelCount(number(name, value, "channels"));
        case "encoding" -> format.setEncoding(encoding(value));
        default -> throw invalid(name, value, "one of rate, channels, encoding");
      }
    }
    return StreamFramesRequest.newBuilder()
        .setDeviceId(deviceId)
        .setFormat(format)
        .setMaxLatencyMs(MAX_LATENCY_MS)
        .build();
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
