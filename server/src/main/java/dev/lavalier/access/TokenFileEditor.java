package dev.lavalier.access;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;

/**
 * Changes a token file in one step: a reader sees either the complete old file or the complete new
 * one. Comments, mode and owner stay. The new content is written to {@code FILE.new}, which is then
 * renamed. That file also serves as the lock against a second editor.
 *
 * <p>The methods may block on the file system.
 */
public final class TokenFileEditor {

  private final Path file;

  /** Creates an editor. If the file is a symbolic link, the editor changes its target. */
  public TokenFileEditor(Path file) {
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

  private void change(boolean createIfMissing, Change change) throws InvalidFileException {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel out = FileChannel.open(next, options(), ownerOnly())) {
      try {
        if (createIfMissing && Files.notExists(file)) {
          write(out, change.linesOf(TokenFile.EMPTY));
        } else {
          write(out, change.linesOf(TokenFile.read(file)));
          keepOwnerAndMode(next);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(next); // after a success it no longer exists
      }
    } catch (FileAlreadyExistsException e) {
      throw ConfigFile.invalid(
          TokenFile.KEY,
          file,
          "a file that no other command is changing; if none is running, remove " + next,
          e);
    } catch (IOException e) {
      throw ConfigFile.invalid(
          TokenFile.KEY,
          file,
          "a file in a directory that this user can write; %s: %s"
              .formatted(e.getClass().getSimpleName(), e.getMessage()),
          e);
    }
  }

  private static Set<StandardOpenOption> options() {
    return Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  private FileAttribute<?>[] ownerOnly() {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
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
