package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.lavalier.client.it.BehaviourNetwork.Target;
import dev.lavalier.client.it.ObservedStream.Cause;
import dev.lavalier.client.it.ObservedStream.Observed;
import dev.lavalier.client.it.ObservedStream.Part;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The clients of all languages. They do the same at the same time. */
record BehaviourClients(List<BehaviourClient> all) implements AutoCloseable {

  /** How much longer than the stall the missing audio can be. */
  private static final double LONGEST_RECOVERY_SECONDS = 4;

  /** What a test does with each client, or asserts about it. */
  interface Action {
    void run(BehaviourClient client) throws Exception;
  }

  void each(Action action) throws Exception {
    for (BehaviourClient client : all) {
      action.run(client);
    }
  }

  /** Waits until each client has reported an event. Returns the positions of the events. */
  int[] await(String event) throws InterruptedException {
    int[] positions = new int[all.size()];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = all.get(i).await(event);
    }
    return positions;
  }

  /** Waits until each client has a frame that was captured {@code seconds} from now or later. */
  void awaitFrames(double seconds) throws Exception {
    long until = System.currentTimeMillis() * 1_000 + Math.round(seconds * 1e6);
    each(client -> client.awaitFrame(until));
  }

  /** Opens a stream with each client. */
  void open(Target target, JsonObject request) throws Exception {
    each(
        client -> {
          JsonObject own = request.deepCopy();
          boolean web = client.name().equals(BehaviourPrograms.WEB);
          own.addProperty("server", web ? target.url() : target.address());
          client.open(own);
        });
  }

  /** Returns a request for a device. */
  static JsonObject request(String device, int maxLatencyMs) {
    JsonObject request = new JsonObject();
    request.addProperty("device", device);
    request.addProperty("max_latency_ms", maxLatencyMs);
    request.addProperty("preroll_ms", 0);
    request.addProperty("wait", false);
    request.addProperty("ca", "");
    request.addProperty("token_file", "");
    return request;
  }

  /** Closes all streams that have not ended, which is no error. */
  void closeStreams() throws Exception {
    List<BehaviourClient> open = all.stream().filter(BehaviourClient::isOpen).toList();
    for (BehaviourClient client : open) {
      client.send("close");
    }
    for (BehaviourClient client : open) {
      client.await("end");
      JsonObject end = client.observed().end();
      assertThat(end.get("error").getAsString()).as("%s: %s", client.name(), end).isEmpty();
    }
  }

  /** Returns the number of events of each client so far. */
  int[] positions() {
    return all.stream().mapToInt(BehaviourClient::eventCount).toArray();
  }

  /** Checks all clients. The manual says which of them keep the promise. */
  void assertKept(Promise promise, Action check) throws Exception {
    List<String> wrong = new ArrayList<>();
    for (BehaviourClient client : all) {
      String outcome = "yes";
      String reason = "";
      try {
        check.run(client);
      } catch (AssertionError e) {
        outcome = "no";
        reason = e.getMessage();
      }
      if (!outcome.equals(promise.cell(client.name()))) {
        wrong.add("%s: %s %s".formatted(client.name(), outcome, reason));
      }
    }
    assertThat(wrong).as("%s", promise).isEmpty();
  }

  /**
   * Asserts that the frames from each position on are recent, and that gaps count the others.
   *
   * @param stallSeconds how long nothing was read
   * @param maxAgeMillis how old a frame can be
   * @param inHand how many frames a program itself may have had during the stall
   */
  void assertRecent(
      Promise promise, int[] positions, double stallSeconds, int maxAgeMillis, int inHand)
      throws Exception {
    assertKept(
        promise,
        client -> {
          ObservedStream stream = client.observed().assertCounted();
          List<Observed> after = stream.framesFrom(positions[all.indexOf(client)]);
          assertThat(after.stream().filter(frame -> frame.ageMillis() > maxAgeMillis))
              .hasSizeLessThanOrEqualTo(inHand);
          assertThat(after.stream().flatMap(frame -> frame.causes().stream()))
              .isSubsetOf(Cause.SLOW_SUBSCRIBER, Cause.SERVER_OVERLOAD);
          long lost =
              after.stream()
                  .flatMap(frame -> frame.gap().stream())
                  .filter(part -> part.cause() == Cause.SLOW_SUBSCRIBER)
                  .mapToLong(Part::samples)
                  .sum();
          assertThat((double) lost / stream.first().rate())
              .isBetween(stallSeconds - 1, stallSeconds + LONGEST_RECOVERY_SECONDS);
          assertThat(stream.notices()).isEmpty();
        });
  }

  /** Asserts that all streams end with a kind of error, and with the same message if it has one. */
  void assertEnd(Promise promise, String kind, String message) throws Exception {
    each(client -> client.await("end"));
    Set<String> messages = new HashSet<>();
    assertKept(
        promise,
        client -> {
          JsonObject end = client.observed().end();
          messages.add(end.get("message").getAsString());
          assertThat(end.get("error").getAsString()).as("%s", end).isEqualTo(kind);
          assertThat(end.get("message").getAsString()).contains(message);
        });
    if (!message.isEmpty()) {
      assertThat(messages).hasSize(1);
    }
  }

  @Override
  public void close() throws IOException {
    for (BehaviourClient client : all) {
      client.close();
    }
  }
}
