package dev.lavalier.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/** Checks whether a stream is a terminal. */
final class TerminalCheck {

  private TerminalCheck() {}

  /**
   * Returns whether a file descriptor refers to a terminal, according to /proc. Without /proc,
   * picocli's guess counts for all descriptors. {@code System.console()} is no substitute: it
   * combines input and output, and since JDK 22 it can be non-null without a terminal.
   */
  static boolean isTerminal(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return CommandLine.Help.Ansi.AUTO.enabled();
    }
  }
}
