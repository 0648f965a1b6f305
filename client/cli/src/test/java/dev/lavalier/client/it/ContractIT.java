package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Checks the contract with buf, by the script {@code proto/check}. */
final class ContractIT {

  private static final int MISSING_TOOL = 3;
  private static final int BROKEN = 100;
  private static final Path PROTO = ProcessRunner.TOP.resolve("proto");
  private static final String CONTRACT = "src/main/proto/lavalier/v1/audio_capture.proto";

  @TempDir Path dir;

  /** Removes the link, so that nothing can delete the modules through it. */
  @AfterEach
  void removeLink() throws IOException {
    Files.deleteIfExists(dir.resolve("proto/node_modules"));
  }

  @Test
  void contractHasTheStyleAndOnlyGrew() throws Exception {
    ProcessRunner.Result result = check(PROTO);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).startsWith("contract: style checked");
    System.out.print(result.out());
  }

  @Test
  void renumberedFieldIsRejected() throws Exception {
    Path proto = copyWithHistory();
    Path contract = proto.resolve(CONTRACT);
    String text = Files.readString(contract);
    Files.writeString(contract, text.replace("string vendor = 3;", "string vendor = 20;"));
    ProcessRunner.Result result = check(proto);
    assertThat(result.code()).as(result.err()).isEqualTo(BROKEN);
    assertThat(result.out() + result.err()).contains("field \"3\"", "\"vendor\"");

    Files.writeString(
        contract, text.replace("string vendor = 3;", "string vendor = 3; string serial = 20;"));
    result = check(proto);
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("compared with ");
  }

  @Test
  void contractWithoutHistoryIsNotCompared() throws Exception {
    ProcessRunner.Result result = check(copy());
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out()).contains("there is no earlier commit");
  }

  private static ProcessRunner.Result check(Path proto) throws Exception {
    ProcessRunner.Result result = ProcessRunner.run(List.of(proto.resolve("check").toString()));
    assumeTrue(result.code() != MISSING_TOOL, result.err());
    return result;
  }

  /** Copies the contract and its check. */
  private Path copy() throws IOException {
    Path proto = Files.createDirectories(dir.resolve("proto"));
    Files.createDirectories(proto.resolve(CONTRACT).getParent());
    for (String file :
        List.of("check", "buf.yaml", CONTRACT, CONTRACT.replace("audio_capture", "admin"))) {
      Files.copy(PROTO.resolve(file), proto.resolve(file));
    }
    Path modules = PROTO.resolve("node_modules");
    if (Files.isDirectory(modules)) {
      Files.createSymbolicLink(proto.resolve("node_modules"), modules);
    }
    return proto;
  }

  /** Copies the contract into a repository whose branch main is one commit behind. */
  private Path copyWithHistory() throws Exception {
    Path proto = copy();
    git("init", "-q", "-b", "main");
    git("add", "proto/src");
    git("commit", "-q", "-m", "contract");
    git("checkout", "-q", "-b", "change");
    git("commit", "-q", "--allow-empty", "-m", "change");
    return proto;
  }

  private void git(String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("git", "-C", dir.toString(), "-c", "user.name=t", "-c", "user.email=t@t"));
    command.addAll(List.of(args));
    ProcessRunner.Result result = ProcessRunner.run(command);
    assertThat(result.code()).as(result.err()).isZero();
  }
}
