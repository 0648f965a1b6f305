package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.testing.MarkdownPage;
import dev.lavalier.testing.Repository;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The five commands of docs/fleet.md work as they are typed. They run in a network, a list of
 * network namespaces and a list of processes of their own, so their fixed addresses and ports are
 * free, and every process ends with the test. Needs root.
 */
@SlowTest
final class FleetPageIT {

  private static final String STEP = "step: ";

  /** What a user does between the commands: wait until the server before has started. */
  private static final String SCRIPT =
      """
      set -eu
      mount -t tmpfs none /run
      ip link set lo up
      cd '%s'
      eventually() { for _ in $(seq 300); do if "$@" >/dev/null 2>&1; then return; fi; sleep 0.1; done; "$@"; }
      %s
      %s
      eventually bash -c ': </dev/tcp/198.18.7.1/4222'
      %s
      %s
      eventually sh -c 'lavalier devices | grep -q "studio/tone.*closed"'
      %s
      lavalier devices --json
      """;

  @TempDir Path dir;

  private void addProgram(String name, List<String> command) throws IOException {
    Path file = Files.createDirectories(dir.resolve("bin")).resolve(name);
    Files.writeString(file, "#!/bin/sh\nexec " + String.join(" ", command) + " \"$@\"\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private static Map<String, String> steps() {
    MarkdownPage page =
        Repository.pages().stream()
            .filter(each -> each.path().equals(Path.of("docs/fleet.md")))
            .findFirst()
            .orElseThrow();
    Map<String, String> steps = new HashMap<>();
    page.codeBlocks().stream()
        .filter(block -> block.marker().startsWith(STEP))
        .forEach(block -> steps.put(block.marker().substring(STEP.length()), block.code()));
    return steps;
  }

  @Test
  void microphoneOfAnotherNetworkIsRecorded() throws Exception {
    assumeTrue(ProcessRunner.succeeds("ip", "-V"), "there is no ip (Debian: iproute2)");
    assumeTrue(
        ProcessRunner.succeeds("nats-server", "--version"),
        "there is no nats-server (Debian: nats-server)");
    List<String> isolated =
        List.of("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc");
    assumeTrue(
        ProcessRunner.succeeds(String.join(" ", isolated).concat(" true").split(" ")),
        "no namespaces can be created (this needs root)");
    addProgram("lavalier-server", ServerProcess.command());
    addProgram("lavalier", ProcessRunner.lavalier());
    Map<String, String> steps = steps();
    assertThat(steps).containsOnlyKeys("network", "engine", "node", "edge", "listen");
    Path script = dir.resolve("script");
    Files.writeString(
        script,
        SCRIPT.formatted(
            dir,
            steps.get("network"),
            steps.get("engine"),
            steps.get("node"),
            steps.get("edge"),
            steps.get("listen").replace("--seconds 5", "--seconds 1")));
    List<String> command = new ArrayList<>(isolated);
    command.addAll(List.of("bash", script.toString()));

    ProcessRunner.Result result =
        ProcessRunner.run(command, Map.of("PATH", dir + "/bin:" + System.getenv("PATH")));

    assertThat(result.code()).as("%s%s", result.out(), result.err()).isZero();
    assertThat(result.out()).contains("\"node_id\":\"studio\"");
    byte[] recording = Files.readAllBytes(dir.resolve("studio.wav"));
    assertThat(recording.length).isBetween(192_000, 196_000); // 1 s of 48000/2/s16le, and a header
    int loudest = 0;
    for (int i = recording.length / 2; i < recording.length - 1; i += 2) {
      loudest = Math.max(loudest, Math.abs((recording[i + 1] << 8) | (recording[i] & 0xff)));
    }
    assertThat(loudest).isGreaterThan(1_000);
  }
}
