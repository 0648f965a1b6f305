package dev.lavalier.client.cli;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.ServerInfo;
import dev.lavalier.client.probe.ConnectionFacts;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * A server that answers.
 *
 * @param facts what the connection tells
 * @param reply its fastest reply
 */
record ServerContact(ConnectionFacts facts, Reply reply) {

  /** The first ones are slow, because this program has just started. */
  private static final int CALLS = 10;

  /**
   * A reply of the server.
   *
   * @param roundTrip the time from the call to the reply
   * @param version the version of the server; empty: it is too old to tell
   * @param clockOffset how far the server's wall clock is ahead of that of this machine, if the
   *     reply took as long as the request; empty: the server is too old to tell its time. It is
   *     wrong by at most half of the round trip
   */
  record Reply(Duration roundTrip, Optional<String> version, Optional<Duration> clockOffset) {

    /**
     * Calls the server several times; returns the fastest reply, which tells its clock best.
     *
     * @throws LavalierException if a call fails
     */
    static Reply fastest(LavalierClient client) throws LavalierException {
      Reply fastest = call(client); // connects
      for (int i = 1; i < CALLS; i++) {
        Reply next = call(client);
        if (next.roundTrip.compareTo(fastest.roundTrip) < 0) {
          fastest = next;
        }
      }
      return fastest;
    }

    private static Reply call(LavalierClient client) throws LavalierException {
      long start = System.nanoTime();
      try {
        ServerInfo info = client.serverInfo();
        Duration roundTrip = Duration.ofNanos(System.nanoTime() - start);
        Instant middle = Instant.now().minus(roundTrip.dividedBy(2));
        return new Reply(
            roundTrip,
            Optional.of(info.version()),
            Optional.of(Duration.between(middle, info.serverTime())));
      } catch (LavalierException e) {
        if (e.kind() != LavalierException.Kind.NOT_SUPPORTED) {
          throw e;
        }
      }
      start = System.nanoTime();
      client.listDevices();
      return new Reply(
          Duration.ofNanos(System.nanoTime() - start), Optional.empty(), Optional.empty());
    }
  }
}
