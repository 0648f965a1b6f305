package dev.lavalier.client.cli;

import java.io.PrintStream;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The streams and environment that the program uses.
 *
 * @param output standard output
 * @param err standard error
 * @param outIsTerminal whether standard output is a terminal
 * @param errIsTerminal whether standard error is a terminal
 * @param environment the environment variables
 * @param size returns the current size of the terminal
 */
record Terminal(
    StandardOutput output,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    Map<String, String> environment,
    Supplier<TerminalSize> size) {

  /** Returns the terminal of this process. */
  static Terminal system() {
    return new Terminal(
        StandardOutput.system(),
        System.err,
        FileTypes.isTerminal(1),
        FileTypes.isTerminal(2),
        System.getenv(),
        TerminalSize::current);
  }

  /** Returns standard output for text. */
  PrintStream out() {
    return output.text();
  }

  /** Prints a line on standard error that contains text from a server. */
  void report(String line) {
    err.println(Printable.of(line));
  }
}
