package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.SlowTest;
import io.netty.channel.epoll.Epoll;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The client program with redirected standard output, as a shell runs it. */
@SlowTest
@WaitingTest
final class StandardOutputIT {

  @TempDir Path dir;

  /** Runs a command of the client in a shell, followed by {@code rest}. */
  private static ProcessRunner.Result shell(ServerProcess server, String command, String rest)
      throws Exception {
    String program =
        ProcessRunner.lavalier("--server", server.address()).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    return ProcessRunner.run(
        List.of("bash", "-o", "pipefail", "-c", program + " " + command + " " + rest));
  }

  @Test
  void fullDiskIsAnErrorInOneLine() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/full")), "this system has no /dev/full");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      for (String command : List.of("record --seconds 1 -", "meter --seconds 1", "devices")) {
        ProcessRunner.Result result = shell(server, command, "> /dev/full");
        assertThat(result.code()).as(command).isEqualTo(1);
        assertThat(result.err())
            .startsWith("standard output: not written (expected: ")
            .hasLineCount(1);
      }
    }
  }

  @Test
  void readerThatLeavesEndsCommandAndReleasesMicrophone() throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo");
        LavalierClient client = server.client()) {
      for (String command : List.of("meter", "meter --json", "record -")) {
        assertThat(shell(server, command, "| head -c 1 > " + dir.resolve("first")))
            .as(command)
            .isEqualTo(new ProcessRunner.Result(0, "", ""));
        ServerProcess.awaitClosed(client, "tone");
      }
    }
  }

  @Test
  void watchEndsWithoutChangeWhenReaderLeaves() throws Exception {
    assumeTrue(Epoll.isAvailable(), "this system has no epoll");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      for (String command : List.of("devices --watch", "devices --watch --json")) {
        assertThat(shell(server, command, "| head -1 > " + dir.resolve("first")))
            .as(command)
            .isEqualTo(new ProcessRunner.Result(0, "", ""));
      }
    }
  }

  @Test
  void deviceOfStandardOutputGetsWavStream() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/stdout")), "this system has no /dev/stdout");
    Path wav = dir.resolve("stream.wav");
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo")) {
      assertThat(shell(server, "record --seconds 0.5 /dev/stdout", "| cat > " + wav))
          .isEqualTo(new ProcessRunner.Result(0, "", ""));
    }
    ByteBuffer stream = ByteBuffer.wrap(Files.readAllBytes(wav)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(stream.getInt(4)).isEqualTo(-1);
    assertThat(stream.getInt(40)).isEqualTo(-1);
    assertThat(stream.capacity()).isEqualTo(44 + 24_000 * 4); // stereo, 16 bits
  }
}
