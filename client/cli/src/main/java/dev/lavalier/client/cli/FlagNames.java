package dev.lavalier.client.cli;

import java.util.Map;

/** Replaces the name of a field at the start of a message by the flag that the user types. */
final class FlagNames {

  private static final String TOKEN = "--token-file or LAVALIER_TOKEN";

  private static final Map<String, String> FLAGS =
      Map.ofEntries(
          // Fields of the contract, in messages of the server.
          Map.entry("authorization", TOKEN),
          Map.entry("channel_map", "--channels"),
          Map.entry("device_id", "--device"),
          Map.entry("format", "--format"),
          Map.entry("codec", "--codec"),
          Map.entry("bitrate", "--bitrate"),
          Map.entry("frame_size", "--frame-size"),
          Map.entry("max_latency_ms", "--max-latency-ms"),
          Map.entry("preroll_ms", "--preroll"),
          // Values of the client library.
          Map.entry("buffer-ms", "--buffer-ms"),
          Map.entry("ca", "--ca"),
          Map.entry("cert", "--cert"),
          Map.entry("key", "--key"),
          Map.entry("server", "--server"),
          Map.entry("serverName", "--server-name"),
          Map.entry("tls", "--tls"),
          Map.entry("token", TOKEN),
          Map.entry("token-file", "--token-file"),
          // Values of the load generator.
          Map.entry("connections", "--connections"),
          Map.entry("seconds", "--seconds"),
          Map.entry("subscribers", "--subscribers"),
          Map.entry("warmup", "--warmup"));

  private FlagNames() {}

  /**
   * Returns a message of the form {@code field: value (expected: ...)} with the flag in place of
   * the field. A field of a field, such as {@code format.encoding}, belongs to the same flag. Other
   * messages stay as they are.
   */
  static String in(String message) {
    int colon = message.indexOf(": ");
    if (colon < 0) {
      return message;
    }
    String field = message.substring(0, colon).split("[.\\[]", 2)[0];
    String flag = FLAGS.get(field);
    return flag == null ? message : flag + message.substring(colon);
  }
}
