package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a server writes to standard error when it starts, as a process of its own. */
final class StandardErrorTest {

  @TempDir Path dir;

  private ServerProcess.Result run(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("--allow-device", "tone"));
    all.addAll(List.of(arguments));
    return ServerProcess.run(
        dir,
        Map.of("LC_ALL", "C.UTF-8"),
        ServerProcess.server(List.of(), all.toArray(String[]::new)));
  }

  private static List<String> messages(String log) {
    return log.lines()
        .map(line -> JsonParser.parseString(line).getAsJsonObject())
        .map(line -> line.get("formattedMessage").getAsString())
        .toList();
  }

  @Test
  void jsonLogHasNothingElse() throws Exception {
    ServerProcess.Result result =
        run("--port", "0", "--bind", "0.0.0.0", "--insecure", "--log-format", "json");

    assertThat(result.out()).startsWith("lavalier-server listening on 0.0.0.0:");
    assertThat(messages(result.err())).anyMatch(message -> message.startsWith("insecure: "));
  }

  @Test
  void failureToListenIsJsonToo() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerProcess.Result result =
          run("--port", String.valueOf(taken.getLocalPort()), "--log-format", "json");

      assertThat(result.code()).isEqualTo(1);
      assertThat(result.out()).isNull();
      assertThat(messages(result.err()))
          .contains(
              "port: %d (expected: a port that the server can listen on at 127.0.0.1; Address already in use)"
                  .formatted(taken.getLocalPort()));
    }
  }

  @Test
  void nothingIsSuggestedWithoutATerminal() throws Exception {
    ServerProcess.Result result = run("--port", "0");

    assertThat(result.out()).startsWith("lavalier-server listening on 127.0.0.1:");
    assertThat(result.err()).doesNotContain("Now try");
  }
}
