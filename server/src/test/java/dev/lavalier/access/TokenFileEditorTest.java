package dev.lavalier.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.common.TimeSource;
import dev.lavalier.testing.JumpingTimeSource;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that change a token file at the same time. */
final class TokenFileEditorTest {

  private static final int EDITORS = 4;
  private static final int CHANGES = 25;

  @TempDir private Path dir;
  private Path file;

  @BeforeEach
  void useNewFile() {
    file = dir.resolve("tokens");
  }

  private static TokenEntry entry(String name) {
    return new TokenEntry(
        name,
        Credential.Token.of("lav_" + name),
        new Grants(Set.of("mic"), Set.of(), false),
        Optional.empty());
  }

  /** Adds entries, and removes every second one. */
  private static void edit(Path file, String prefix) throws InvalidFileException {
    for (int i = 0; i < CHANGES; i++) {
      new TokenFileEditor(file).add(entry(prefix + i));
      if (i % 2 == 1) {
        new TokenFileEditor(file).revoke(prefix + i);
      }
    }
  }

  private static List<String> expected() {
    return IntStream.range(0, EDITORS)
        .boxed()
        .flatMap(
            editor ->
                IntStream.range(0, CHANGES)
                    .filter(i -> i % 2 == 0)
                    .mapToObj(i -> "editor" + editor + "-" + i))
        .toList();
  }

  private List<String> names() throws InvalidFileException {
    return TokenFile.read(file).entries().stream().map(TokenEntry::name).toList();
  }

  @Test
  void threadsLoseNoChange() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(EDITORS);
    try {
      List<Future<?>> editors = new ArrayList<>();
      for (int i = 0; i < EDITORS; i++) {
        String prefix = "editor" + i + "-";
        editors.add(
            threads.submit(
                () -> {
                  edit(file, prefix);
                  return null;
                }));
      }
      for (Future<?> editor : editors) {
        editor.get();
      }
    } finally {
      threads.shutdownNow();
    }
    assertThat(names()).containsExactlyInAnyOrderElementsOf(expected());
  }

  @Test
  @SlowTest
  void processesLoseNoChange() throws Exception {
    List<Process> editors = new ArrayList<>();
    for (int i = 0; i < EDITORS; i++) {
      editors.add(start(Editor.class, "editor" + i + "-"));
    }
    for (Process editor : editors) {
      assertThat(output(editor)).isEmpty();
      assertThat(editor.waitFor()).isZero();
    }
    assertThat(names()).containsExactlyInAnyOrderElementsOf(expected());
  }

  @Test
  void commandNamesProcessThatHoldsLock() throws Exception {
    new TokenFileEditor(file).add(entry("ann"));
    Process holder = start(Holder.class);
    try {
      assertThat(holder.inputReader().readLine()).isEqualTo("locked");
      JumpingTimeSource time = new JumpingTimeSource();
      assertThatThrownBy(() -> new TokenFileEditor(file, time).revoke("ann"))
          .isInstanceOf(InvalidFileException.class)
          .hasMessage(
              "token-file: %s (expected: a file that no other command is changing; process %d has"
                      .formatted(file, holder.pid())
                  + " held %s.lock for 10 s or more)".formatted(file));
      assertThat(time.passed()).isBetween(Duration.ofSeconds(10), Duration.ofSeconds(11));
      assertThat(names()).containsExactly("ann");
    } finally {
      holder.destroyForcibly().waitFor();
    }
    new TokenFileEditor(file).revoke("ann");
    assertThat(names()).isEmpty();
  }

  @Test
  @SuppressWarnings("try") // the lock is only held
  void commandNamesItsProcessIfAnotherThreadHoldsLock() throws Exception {
    new TokenFileEditor(file).add(entry("ann"));
    try (EditLock held = EditLock.acquire(file, TimeSource.system())) {
      ExecutorService thread = Executors.newSingleThreadExecutor();
      try {
        Future<?> revoking =
            thread.submit(
                () -> {
                  new TokenFileEditor(file, new JumpingTimeSource()).revoke("ann");
                  return null;
                });
        assertThatThrownBy(revoking::get)
            .hasMessageContaining("process %d has held".formatted(ProcessHandle.current().pid()));
      } finally {
        thread.shutdownNow();
      }
      // The thread that gave up has not released the lock.
      assertThat(output(start(Probe.class))).isEqualTo("held");
    }
    assertThat(output(start(Probe.class))).isEqualTo("free");
    assertThat(names()).containsExactly("ann");
  }

  @Test
  void leftoverOfKilledCommandIsReplaced() throws Exception {
    new TokenFileEditor(file).add(entry("ann"));
    Path next = Files.writeString(dir.resolve("tokens.new"), "half a li");
    new TokenFileEditor(file).add(entry("bob"));
    assertThat(names()).containsExactly("ann", "bob");
    assertThat(next).doesNotExist();
  }

  @Test
  void lockFileStaysAndOnlyOwnerCanOpenIt() throws Exception {
    new TokenFileEditor(file).add(entry("ann"));
    Path lock = dir.resolve("tokens.lock");
    assertThat(lock).isEmptyFile();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(lock)))
        .isEqualTo("rw-------");
    assertThat(Files.getOwner(lock)).isEqualTo(Files.getOwner(file));
  }

  @Test
  void missingFileLeavesNoLockFile() {
    assertThatThrownBy(() -> new TokenFileEditor(file).revoke("ann"))
        .isInstanceOf(InvalidFileException.class)
        .hasMessageContaining("expected: an existing file");
    assertThat(dir).isEmptyDirectory();
  }

  private Process start(Class<?> program, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName(),
                file.toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  /** A process that edits the file. */
  static final class Editor {
    private Editor() {}

    /** Edits the file args[0]; the names begin with args[1]. */
    public static void main(String[] args) throws Exception {
      edit(Path.of(args[0]), args[1]);
    }
  }

  /** A process that holds the lock until it is killed. */
  static final class Holder {
    private Holder() {}

    /** Holds the lock of the file args[0]. */
    @SuppressWarnings("try") // the lock is only held
    public static void main(String[] args) throws Exception {
      try (EditLock lock = EditLock.acquire(Path.of(args[0]), TimeSource.system())) {
        System.out.println("locked");
        System.in.read();
      }
    }
  }

  /** A process that prints whether another process holds the lock. */
  static final class Probe {
    private Probe() {}

    /** Tries the lock of the file args[0]. */
    public static void main(String[] args) throws Exception {
      try (FileChannel channel =
          FileChannel.open(Path.of(args[0] + ".lock"), StandardOpenOption.WRITE)) {
        System.out.println(channel.tryLock() == null ? "held" : "free");
      }
    }
  }
}
