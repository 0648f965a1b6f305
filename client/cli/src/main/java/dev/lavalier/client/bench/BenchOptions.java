package dev.lavalier.client.bench;

/**
 * The load of a run.
 *
 * @param deviceId the device; empty: the server's default
 * @param frameSize samples per channel in a frame; 0: 20 ms. The server checks it
 * @param maxLatencyMs the maximum time that a frame may wait on the server, in milliseconds; 0:
 *     200. The server checks it
 * @param subscribers the number of subscriptions, 1 to 100,000
 * @param connections the number of connections that the subscriptions share, 1 to {@code
 *     subscribers}
 * @param warmupSeconds how long the subscriptions run before the measurement, in seconds, 0 to
 *     3,600
 * @param seconds how much audio is measured, in seconds, more than 0, at most 86,400
 */
public record BenchOptions(
    String deviceId,
    int frameSize,
    int maxLatencyMs,
    int subscribers,
    int connections,
    double warmupSeconds,
    double seconds) {

  private static final int MAX_SUBSCRIBERS = 100_000;
  private static final int MAX_WARMUP_SECONDS = 3_600;
  private static final int MAX_SECONDS = 86_400;

  /**
   * Checks the values that the server does not check.
   *
   * @throws IllegalArgumentException with one line that names the value
   */
  public BenchOptions {
    if (subscribers < 1 || subscribers > MAX_SUBSCRIBERS) {
      throw new IllegalArgumentException(
          "subscribers: %d (expected: 1..%d)".formatted(subscribers, MAX_SUBSCRIBERS));
    }
    if (connections < 1 || connections > subscribers) {
      throw new IllegalArgumentException(
          "connections: %d (expected: 1..%d, the number of subscribers)"
              .formatted(connections, subscribers));
    }
    if (!(warmupSeconds >= 0 && warmupSeconds <= MAX_WARMUP_SECONDS)) {
      throw new IllegalArgumentException(
          "warmup: %s (expected: 0..%d)".formatted(warmupSeconds, MAX_WARMUP_SECONDS));
    }
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
      throw new IllegalArgumentException(
          "seconds: %s (expected: more than 0, at most %d)".formatted(seconds, MAX_SECONDS));
    }
  }
}
