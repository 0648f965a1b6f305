package dev.lavalier.fleet.nats;

import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.Link;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Large answers, which have earlier audio. They wait until little else does, so that live audio
 * does not wait for more than one of them. Those that the edge does not expect any more are
 * dropped.
 *
 * <p>Safe for use from any thread. Never blocks.
 */
final class NatsAnswers {

  /** A smaller answer does not wait. */
  static final int LARGE_BYTES = 16 << 10;

  /** The maximum size of all that wait. */
  private static final int MAX_BYTES = 8 << 20;

  /** A little less than the edge waits. */
  private static final long MAX_AGE_NANOS = Duration.ofMillis(400).toNanos();

  /** Sends a message. */
  @FunctionalInterface
  interface Sender {
    void send(String subject, byte[] payload);
  }

  private record Waiting(Link.Message message, long since) {}

  private final NatsEvents events;
  private final Sender sender;
  private final TimeSource time;

  // Guarded by this.
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private long bytes;

  NatsAnswers(NatsEvents events, Sender sender, TimeSource time) {
    this.events = events;
    this.sender = sender;
    this.time = time;
  }

  /** Sends an answer now or later, or drops it. */
  synchronized void add(String subject, byte[] payload) {
    dropOld();
    if (bytes + payload.length <= MAX_BYTES) {
      waiting.add(new Waiting(new Link.Message(subject, payload, reply -> {}), time.nanoTime()));
      bytes += payload.length;
    }
    send();
  }

  /** Sends what waits, while the queue of the connection is short. */
  synchronized void send() {
    dropOld();
    while (!waiting.isEmpty() && events.hasRoom()) {
      Link.Message next = remove();
      sender.send(next.subject(), next.payload());
    }
  }

  private void dropOld() {
    long now = time.nanoTime();
    while (!waiting.isEmpty() && now - waiting.peek().since() > MAX_AGE_NANOS) {
      var unused = remove();
    }
  }

  private Link.Message remove() {
    Link.Message first = waiting.remove().message();
    bytes -= first.payload().length;
    return first;
  }
}
