package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.StreamOptions;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A server that speaks to the kernel by io_uring. */
final class IoUringIT {

  private static final String FLAG = "--io-uring";
  private static final int LISTENERS = 50;

  private static ServerProcess start() throws IOException {
    try {
      return ServerProcess.start(Map.of(), "--demo", FLAG);
    } catch (IOException e) {
      if (e.getMessage().contains("io-uring: true (expected: ")) {
        abort("skipped: this kernel has no io_uring, or does not allow it");
      }
      throw e;
    }
  }

  @Test
  void manyListenersMissNothingAndItStops() throws Exception {
    try (ServerProcess server = start()) {
      List<Listening> all = new ArrayList<>();
      try {
        for (int i = 0; i < LISTENERS; i++) {
          all.add(new Listening(server, StreamOptions.defaults().withFrameSize(480)));
        }
        all.get(LISTENERS - 1).awaitFrames(300);
        for (Listening each : all) {
          each.awaitFrames(1);
          assertThat(each.gaps()).isEmpty();
        }
      } finally {
        all.forEach(Listening::close);
      }
      try (LavalierClient client = server.client()) {
        ServerProcess.awaitClosed(client, "tone");
      }
      assertThat(server.terminate()).isZero();
    }
  }

  @Test
  void whereItCannotBeHadOneLineSaysSo() throws Exception {
    List<String> command = ServerProcess.command(FLAG);
    command.add(1, "-Dio.netty.transport.noNative=true");
    Programs.Result result = Programs.run(command);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err())
        .startsWith("io-uring: true (expected: a Linux that has io_uring and allows it; ");
    assertThat(result.err().lines()).hasSize(1);
  }
}
