package dev.lavalier.client.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/** Tells whether a person watches a stream. */
final class TerminalCheck {

  private TerminalCheck() {}

  /**
   * Looks where a file descriptor leads; where there is no /proc, picocli guesses for all of them.
   * {@code System.console()} would not do: it speaks of input and output together, and from JDK 22
   * on it is there without a terminal, too.
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
