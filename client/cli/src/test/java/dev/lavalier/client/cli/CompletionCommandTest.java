package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.FakeServer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

final class CompletionCommandTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  @TempDir Path dir;

  @Test
  void completionKnowsCommandsAndOptions() throws Exception {
    CliRunner cli = new CliRunner(server);
    assertThat(cli.run("generate-completion")).isZero();
    assertThat(cli.out()).contains("record", "--container", "--server", "complete -F");
    Path script = Files.writeString(dir.resolve("completion"), cli.out());
    assumeTrue(Files.exists(Path.of("/bin/bash")), "bash is not installed");
    Process bash = new ProcessBuilder("/bin/bash", "-n", script.toString()).start();
    assertThat(bash.waitFor()).isZero();
  }
}
