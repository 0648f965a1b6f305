package dev.lavalier.access;

import dev.lavalier.common.TimeSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.List;
import java.util.Set;

/**
 * Changes a token file in one step: a reader sees either the complete old file or the complete new
 * one. Comments, mode and owner stay. The new content is written to {@code FILE.new}, which is then
 * renamed. A lock on {@code FILE.lock} makes commands that run at the same time wait for each
 * other.
 *
 * <p>The methods may block: on the file system, and for up to 10 s on another command.
 */
public final class TokenFileEditor {

  private final Path file;
  private final TimeSource timeSource;

  /** Creates an editor. If the file is a symbolic link, the editor changes its target. */
  public TokenFileEditor(Path file) {
    this(file, TimeSource.system());
  }

  /**
   * Creates an editor with a clock.
   *
   * @param timeSource measures how long the editor waits for another command
   */
  TokenFileEditor(Path file, TimeSource timeSource) {
    this.timeSource = timeSource;
    Path real = file;
    try {
      real = file.toRealPath();
    } catch (IOException e) {
      // it does not exist yet, or reading it reports the error
    }
    this.file = real.toAbsolutePath();
  }

  /**
   * Adds an entry. If the file does not exist, creates it with access for only its owner.
   *
   * @throws InvalidFileException if the name is in use, or the file cannot be changed
   */
  public void add(TokenEntry entry) throws InvalidFileException {
    change(
        true,
        tokens -> {
          if (tokens.byName(entry.name()).isPresent()) {
            throw new InvalidFileException(
                "name: %s (expected: a name that is not in %s; revoke the old entry first)"
                    .formatted(entry.name(), file));
          }
          return tokens.linesWith(entry);
        });
  }

  /**
   * Removes an entry.
   *
   * @throws InvalidFileException if no entry has that name, or the file cannot be changed
   */
  public void revoke(String name) throws InvalidFileException {
    change(
        false,
        tokens -> {
          if (tokens.byName(name).isEmpty()) {
            throw new InvalidFileException(
                "name: %s (expected: a name that is in %s)".formatted(name, file));
          }
          return tokens.linesWithout(name);
        });
  }

  private interface Change {
    List<String> linesOf(TokenFile tokens) throws InvalidFileException;
  }

  @SuppressWarnings("try") // the lock is only held
  private void change(boolean createIfMissing, Change change) throws InvalidFileException {
    if (!createIfMissing) {
      TokenFile.read(file); // a name that is wrong leaves no lock file
    }
    try (EditLock lock = EditLock.acquire(file, timeSource)) {
      boolean isNew = createIfMissing && Files.notExists(file);
      List<String> lines = change.linesOf(isNew ? TokenFile.EMPTY : TokenFile.read(file));
      replace(lines, isNew);
    } catch (IOException e) {
      throw ConfigFile.invalid(
          TokenFile.KEY,
          file,
          "a file in a directory that this user can write; %s: %s"
              .formatted(e.getClass().getSimpleName(), e.getMessage()),
          e);
    }
  }

  /**
   * Replaces the file in one step. The caller has the lock, so no other command uses {@code
   * FILE.new}.
   */
  private void replace(List<String> lines, boolean isNew) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(next); // a command that was killed left it
    try {
      try (FileChannel out =
          FileChannel.open(
              next,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              ConfigFile.ownerOnly(file))) {
        write(out, lines);
      }
      if (!isNew) {
        keepOwnerAndMode(next);
      }
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(next);
      throw e;
    }
  }

  private static void write(FileChannel out, List<String> lines) throws IOException {
    ByteBuffer text =
        ByteBuffer.wrap(
            lines.isEmpty()
                ? new byte[0]
                : (String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8));
    while (text.hasRemaining()) {
      out.write(text);
    }
    out.force(true);
  }

  private void keepOwnerAndMode(Path next) throws IOException {
    PosixFileAttributeView from = Files.getFileAttributeView(file, PosixFileAttributeView.class);
    PosixFileAttributeView to = Files.getFileAttributeView(next, PosixFileAttributeView.class);
    if (from == null || to == null) {
      return; // the file system has no owners and modes
    }
    PosixFileAttributes existing = from.readAttributes();
    PosixFileAttributes created = to.readAttributes();
    if (!existing.owner().equals(created.owner())) {
      to.setOwner(existing.owner());
    }
    if (!existing.group().equals(created.group())) {
      to.setGroup(existing.group());
    }
    to.setPermissions(existing.permissions());
  }
}
