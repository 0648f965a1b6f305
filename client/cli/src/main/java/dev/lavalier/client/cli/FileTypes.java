package dev.lavalier.client.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine;

/** Tells terminals, pipes and files apart. */
final class FileTypes {

  // The types of files in st_mode (POSIX, sys/stat.h).
  private static final int TYPE_MASK = 0xF000;
  private static final int FIFO = 0x1000;
  private static final int SOCKET = 0xC000;

  private FileTypes() {}

  /**
   * Returns whether a file descriptor refers to a terminal, according to /proc. Without /proc,
   * picocli's guess counts for all descriptors. {@code System.console()} is no substitute: it
   * combines input and output, and since JDK 22 it can be non-null without a terminal.
   */
  static boolean isTerminal(int descriptor) {
    try {
      return isTerminalName(Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)));
    } catch (IOException | UnsupportedOperationException e) {
      return CommandLine.Help.Ansi.AUTO.enabled();
    }
  }

  /** Returns whether a path leads to a terminal, as {@code /dev/stdout} can. */
  static boolean isTerminal(Path path) {
    try {
      return isTerminalName(path.toRealPath());
    } catch (IOException e) {
      return false; // it does not exist yet, or is a pipe
    }
  }

  private static boolean isTerminalName(Path target) {
    return target.startsWith("/dev/pts") || target.toString().startsWith("/dev/tty");
  }

  /** Returns whether a file descriptor is a pipe or a socket; false if the system does not tell. */
  static boolean isPipe(int descriptor) {
    return isPipe(Path.of("/proc/self/fd/" + descriptor))
        || isPipe(Path.of("/dev/fd/" + descriptor));
  }

  /** Returns whether a path leads to a pipe or a socket; false if the system does not tell. */
  static boolean isPipe(Path path) {
    try {
      int type = (int) Files.getAttribute(path, "unix:mode") & TYPE_MASK;
      return type == FIFO || type == SOCKET;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return false;
    }
  }

  /** Returns why a file cannot be used, in a few words. */
  static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "the folder does not exist";
    }
    if (e instanceof AccessDeniedException) {
      return "no permission";
    }
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return reason == null ? e.getClass().getSimpleName() : reason;
  }
}
