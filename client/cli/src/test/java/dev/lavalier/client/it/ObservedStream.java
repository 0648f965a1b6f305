package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What a client reported about one stream, and the rules that hold for every client. */
final class ObservedStream {

  /** How much the length of a gap between epochs can differ from the time that passed. */
  private static final double ESTIMATE_SECONDS = 0.35;

  /** The causes of gaps, in the words of the contract. */
  enum Cause {
    SLOW_SUBSCRIBER,
    DEVICE_OVERRUN,
    DEVICE_LOST,
    NOT_KEPT,
    SERVER_OVERLOAD
  }

  /** A part of a gap. */
  record Part(long samples, Cause cause, boolean estimated) {}

  /**
   * A frame.
   *
   * @param position its place among the events of the stream
   * @param start the event {@code started} of its epoch
   */
  record Observed(
      int position, JsonObject start, long index, long timeMicros, long ageMillis, List<Part> gap) {

    long epoch() {
      return start.get("epoch").getAsLong();
    }

    int rate() {
      return start.get("rate").getAsInt();
    }

    int samples() {
      return start.get("frame_size").getAsInt();
    }

    long missing() {
      return gap.stream().mapToLong(Part::samples).sum();
    }

    Set<Cause> causes() {
      Set<Cause> causes = EnumSet.noneOf(Cause.class);
      gap.forEach(part -> causes.add(part.cause()));
      return causes;
    }
  }

  private final List<JsonObject> events;
  private final List<Observed> frames = new ArrayList<>();

  ObservedStream(List<JsonObject> events) {
    this.events = events;
    JsonObject start = new JsonObject();
    for (int i = 0; i < events.size(); i++) {
      JsonObject event = events.get(i);
      switch (event.get("event").getAsString()) {
        case "started" -> start = event;
        case "frame" ->
            frames.add(
                new Observed(
                    i,
                    start,
                    event.get("index").getAsLong(),
                    event.get("time_us").getAsLong(),
                    event.get("age_ms").getAsLong(),
                    parts(event.get("gap").getAsJsonArray())));
        default -> {}
      }
    }
  }

  private static List<Part> parts(JsonArray gap) {
    List<Part> parts = new ArrayList<>();
    for (JsonElement element : gap) {
      JsonArray part = element.getAsJsonArray();
      parts.add(
          new Part(
              part.get(0).getAsLong(),
              Cause.valueOf(part.get(1).getAsString()),
              part.get(2).getAsBoolean()));
    }
    return parts;
  }

  List<Observed> frames() {
    return frames;
  }

  Observed first() {
    return frames.get(0);
  }

  /** Returns the frames at or after a position among the events. */
  List<Observed> framesFrom(int position) {
    return frames.stream().filter(frame -> frame.position() >= position).toList();
  }

  /** Returns the first frame of each epoch but the first one. */
  List<Observed> returns() {
    List<Observed> returns = new ArrayList<>();
    for (int i = 1; i < frames.size(); i++) {
      if (frames.get(i).epoch() != frames.get(i - 1).epoch()) {
        returns.add(frames.get(i));
      }
    }
    return returns;
  }

  int count(String type) {
    return (int) events.stream().filter(e -> e.get("event").getAsString().equals(type)).count();
  }

  /** Returns the event of the end. */
  JsonObject end() {
    return events.stream()
        .filter(event -> event.get("event").getAsString().equals("end"))
        .findFirst()
        .orElseThrow(() -> new AssertionError("the stream has not ended"));
  }

  List<String> notices() {
    return events.stream()
        .filter(event -> event.get("event").getAsString().equals("notice"))
        .map(event -> event.get("message").getAsString())
        .toList();
  }

  /**
   * Asserts that samples in frames and samples in gaps are the samples captured: exactly within an
   * epoch, and by the capture times between two.
   */
  ObservedStream assertCounted() {
    for (int i = 1; i < frames.size(); i++) {
      Observed before = frames.get(i - 1);
      Observed frame = frames.get(i);
      if (frame.epoch() == before.epoch()) {
        assertThat(frame.index())
            .as("%s after %s", frame, before)
            .isEqualTo(before.index() + before.samples() + frame.missing());
      } else {
        double captured = (frame.timeMicros() - before.timeMicros()) / 1e6;
        double counted = (double) (before.samples() + frame.missing()) / frame.rate();
        assertThat(counted)
            .as("%s after %s", frame, before)
            .isBetween(captured - ESTIMATE_SECONDS, captured + ESTIMATE_SECONDS);
        assertThat(frame.epoch()).isGreaterThan(before.epoch());
        assertThat(frame.gap()).anyMatch(Part::estimated);
      }
    }
    return this;
  }

  /** Asserts that no sample is missing between the frames. */
  ObservedStream assertComplete() {
    assertThat(frames.stream().skip(1).filter(frame -> !frame.gap().isEmpty())).isEmpty();
    return assertCounted();
  }
}
