package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.RealTimeTest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Tests a client that vanished without closing its connection: its process is stopped, or its host
 * is disconnected. The device must still close within 20 s. Prints the times that
 * docs/internals/hardening.md quotes.
 */
@RealTimeTest
@WaitingTest
final class VanishedClientIT {

  private static final long MAX_RELEASE_SECONDS = 20;

  /** A subscriber program that runs until it is killed. */
  private static final class ListenerProcess implements AutoCloseable {

    private final Process process;

    private ListenerProcess(Process process) {
      this.process = process;
    }

    /** Starts a program and waits for its first frame. */
    static ListenerProcess start(List<String> command) throws IOException {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String line =
          new BufferedReader(
                  new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      assertThat(line).as("first line of output").isNotNull();
      return new ListenerProcess(process);
    }

    static List<String> command(ServerProcess server) {
      String never = Long.toString(Long.MAX_VALUE);
      List<String> command = new ArrayList<>(StoppedClientIT.PROBE);
      command.addAll(List.of(server.address(), never, never));
      return command;
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static void assertReleasedSoon(
      ServerProcess server, LavalierClient client, String scenario) throws Exception {
    assertThat(ServerProcess.device(client, "tone").subscriberCount()).isEqualTo(1);
    int descriptors = ProcessRunner.count(server.pid(), "fd");
    long startedAt = System.nanoTime();
    ServerProcess.awaitClosed(client, "tone");
    double closed = seconds(startedAt);
    assertThat(closed).as(scenario).isLessThan(MAX_RELEASE_SECONDS);
    assertThat(ServerProcess.device(client, "tone").subscriberCount()).isZero();
    while (ProcessRunner.count(server.pid(), "fd") >= descriptors) {
      assertThat(seconds(startedAt))
          .as("%s: its socket", scenario)
          .isLessThan(MAX_RELEASE_SECONDS + 5);
      ServerProcess.device(client, "tone"); // cheaper than reading /proc
    }
    System.out.printf(
        "%s: device closed after %.1f s, socket after %.1f s%n",
        scenario, closed, seconds(startedAt));
    assertThat(server.log()).contains("its connection was lost: Keepalive failed.");
  }

  private static double seconds(long sinceNanos) {
    return (System.nanoTime() - sinceNanos) / 1e9;
  }

  @Test
  void deviceClosesWhenClientProcessIsStopped() throws Exception {
    assumeTrue(ProcessRunner.succeeds("kill", "-l"), "there is no kill");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LavalierClient client = server.client();
        ListenerProcess listener = ListenerProcess.start(ListenerProcess.command(server))) {
      String pid = Long.toString(listener.process.pid());
      assertThat(ProcessRunner.succeeds("kill", "-STOP", pid)).isTrue();
      assertReleasedSoon(server, client, "stopped process");
    }
  }

  @Test
  void deviceClosesWhenClientHostIsDisconnected() throws Exception {
    try (IsolatedHost host = IsolatedHost.create();
        ServerProcess server =
            ServerProcess.start(
                Map.of(), "--demo", "--bind", IsolatedHost.LOCAL_ADDRESS, "--insecure");
        LavalierClient client = server.client();
        ListenerProcess listener =
            ListenerProcess.start(host.commandInside(ListenerProcess.command(server)))) {
      host.disconnect();
      assertReleasedSoon(server, client, "host cut off");
      assertThat(listener.process.isAlive()).isTrue();
    }
  }
}
