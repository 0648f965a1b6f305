package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A client that is there no more, but whose connection nobody closed: its process is stopped, or
 * its host is cut off. The device is closed within 20 s all the same. Prints the times that
 * docs/internals/hardening.md quotes.
 */
final class VanishedClientIT {

  private static final long BOUND_SECONDS = 20;

  /** A program that listens, until it is killed. */
  private static final class Listener implements AutoCloseable {

    private final Process process;

    private Listener(Process process) {
      this.process = process;
    }

    /** Starts one and waits until it hears something. */
    static Listener start(List<String> command) throws IOException {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
      String line =
          new BufferedReader(
                  new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))
              .readLine();
      assertThat(line).as("what it heard").isNotNull();
      return new Listener(process);
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

  private static void assertSoonGone(ServerProcess server, LavalierClient here, String what)
      throws Exception {
    assertThat(ServerProcess.device(here, "tone").subscriberCount()).isEqualTo(1);
    int descriptors = Programs.count(server.pid(), "fd");
    long began = System.nanoTime();
    ServerProcess.awaitClosed(here, "tone");
    double closed = seconds(began);
    assertThat(closed).as(what).isLessThan(BOUND_SECONDS);
    assertThat(ServerProcess.device(here, "tone").subscriberCount()).isZero();
    while (Programs.count(server.pid(), "fd") >= descriptors) {
      assertThat(seconds(began)).as("%s: its socket", what).isLessThan(BOUND_SECONDS + 5);
      ServerProcess.device(here, "tone"); // a look at /proc costs more
    }
    System.out.printf(
        "%s: device closed after %.1f s, socket after %.1f s%n", what, closed, seconds(began));
    assertThat(server.log()).contains("the peer did not answer a keepalive ping");
  }

  private static double seconds(long sinceNanos) {
    return (System.nanoTime() - sinceNanos) / 1e9;
  }

  @Test
  void aProcessThatWasStopped() throws Exception {
    assumeTrue(Programs.works("kill", "-l"), "there is no kill");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LavalierClient here = server.client();
        Listener listener = Listener.start(Listener.command(server))) {
      String pid = Long.toString(listener.process.pid());
      assertThat(Programs.works("kill", "-STOP", pid)).isTrue();
      assertSoonGone(server, here, "stopped process");
    }
  }

  @Test
  void aHostThatWasCutOff() throws Exception {
    try (CutOffHost host = CutOffHost.plug();
        ServerProcess server =
            ServerProcess.start(Map.of(), "--demo", "--bind", CutOffHost.NEAR, "--insecure");
        LavalierClient here = server.client();
        Listener listener = Listener.start(host.running(Listener.command(server)))) {
      host.cut();
      assertSoonGone(server, here, "host cut off");
      assertThat(listener.process.isAlive()).isTrue();
    }
  }
}
