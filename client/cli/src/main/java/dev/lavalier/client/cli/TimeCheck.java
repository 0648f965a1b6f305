package dev.lavalier.client.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Judges the clock of the server and the latency of a stream. */
final class TimeCheck {

  private static final Duration MAX_OFFSET = Duration.ofMillis(500);
  private static final Duration MAX_LATENCY = Duration.ofMillis(200);
  private static final Duration SLOW_ROUND_TRIP = Duration.ofMillis(50);

  private static final String CLOCK_ADVICE =
      "Synchronize both clocks (timedatectl set-ntp true). The capture times of frames are by the"
          + " server's clock";

  private final ServerContact.Reply reply;
  private final Optional<Listening> heard;

  /**
   * Creates a check.
   *
   * @param heard the stream; empty if there is none
   */
  TimeCheck(ServerContact contact, Optional<Listening> heard) {
    this.reply = contact.reply();
    this.heard = heard;
  }

  /** Returns a duration in milliseconds. */
  static double millis(Duration duration) {
    return duration.toNanos() / 1e6;
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }

  /** Judges the server's clock, of an older server by the times of its frames. */
  Finding clock() {
    Map<String, JsonElement> values = new LinkedHashMap<>();
    values.put("offset_ms", JsonNull.INSTANCE);
    if (reply.clockOffset().isPresent()) {
      return clock(reply.clockOffset().get(), values);
    }
    String unknown = "unknown, the server is too old to tell its time";
    if (heard.isEmpty()) {
      return Finding.ok("clock", unknown, values);
    }
    Duration late = heard.get().delay().total().minus(heard.get().delay().onServer());
    String message = "%s; frames come %.3f s after their time".formatted(unknown, seconds(late));
    return late.abs().compareTo(MAX_OFFSET) > 0
        ? Finding.warn("clock", message, CLOCK_ADVICE, values)
        : Finding.ok("clock", message, values);
  }

  private Finding clock(Duration offset, Map<String, JsonElement> values) {
    Duration error = reply.roundTrip().dividedBy(2);
    values.put("offset_ms", JsonText.number(millis(offset)));
    values.put("error_ms", JsonText.number(millis(error)));
    String message =
        "the server's clock is %.1f ms %s that of this machine, within %.1f ms"
            .formatted(
                Math.abs(millis(offset)),
                offset.isNegative() ? "behind" : "ahead of",
                millis(error));
    return offset.abs().minus(error).compareTo(MAX_OFFSET) > 0
        ? Finding.warn("clock", message, CLOCK_ADVICE, values)
        : Finding.ok("clock", message, values);
  }

  /** Judges how long audio takes from the device to this program. */
  Finding latency(Listening listening) {
    Map<String, JsonElement> values = new LinkedHashMap<>();
    values.put("latency_ms", JsonNull.INSTANCE);
    if (reply.clockOffset().isEmpty()) {
      return Finding.ok("latency", "unknown, because the clock of the server is", values);
    }
    Duration total = listening.delay().total().plus(reply.clockOffset().get());
    Duration onServer = listening.delay().onServer();
    Duration delivery = total.minus(onServer);
    values.put("latency_ms", JsonText.number(millis(total)));
    values.put("read_delay_ms", JsonText.number(millis(onServer)));
    String message =
        "%.1f ms: %.1f ms until the server has read a frame of %.1f ms, %.1f ms until it arrives"
            .formatted(millis(total), millis(onServer), frameMillis(listening), millis(delivery));
    return total.compareTo(MAX_LATENCY) > 0
        ? Finding.warn("latency", message, advice(onServer, delivery), values)
        : Finding.ok("latency", message, values);
  }

  private static double frameMillis(Listening listening) {
    return 1e3 * listening.start().frameSize() / listening.start().format().sampleRateHz();
  }

  private String advice(Duration onServer, Duration delivery) {
    if (onServer.compareTo(delivery) > 0) {
      return "The device or its sound server has a long buffer: ask the operator to shorten it";
    }
    return reply.roundTrip().compareTo(SLOW_ROUND_TRIP) > 0
        ? "The network is slow, its round trip is %.0f ms: use a cable or a nearer network"
            .formatted(millis(reply.roundTrip()))
        : "Reduce the load of this machine and of the server's";
  }
}
