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
 * Changes a token file, in one step: whoever reads it finds the old one or the new one whole. Its
 * comments, mode and owner stay. {@code FILE.new}, which becomes the file, also keeps a second
 * editor out meanwhile.
 */
public final class TokenFileEditor {

  private final Path file;

  /** Makes one; a link is followed, and stays. */
  public TokenFileEditor(Path file) {
    Path real = file;
    try {
      real = file.toRealPath();
    } catch (IOException e) {
      // Not there yet, or reading it will say what is wrong.
    }
    this.file = real.toAbsolutePath();
  }

  /**
   * Adds an entry, and makes the file, readable by its owner alone, where there is none.
   *
   * @throws InvalidFileException where the name is taken, or the file cannot be changed
   */
  public void add(TokenEntry entry) throws InvalidFileException {
    change(
        true,
        tokens -> {
          if (tokens.byName(entry.name()).isPresent()) {
            throw new InvalidFileException(
                "name: %s (expected: one that %s does not have yet; revoke it first)"
                    .formatted(entry.name(), file));
          }
          return tokens.linesWith(entry);
        });
  }

  /**
   * Takes an entry away.
   *
   * @throws InvalidFileException where there is none of that name, or the file cannot be changed
   */
  public void revoke(String name) throws InvalidFileException {
    change(
        false,
        tokens -> {
          if (tokens.byName(name).isEmpty()) {
            throw new InvalidFileException(
                "name: %s (expected: one that is in %s)".formatted(name, file));
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
        Files.deleteIfExists(next); // not there any more, where all went well
      }
    } catch (FileAlreadyExistsException e) {
      throw ConfigFile.invalid(
          TokenFile.KEY,
          file,
          "a file that nobody else is changing; if nobody is, remove " + next,
          e);
    } catch (IOException e) {
      throw ConfigFile.invalid(
          TokenFile.KEY,
          file,
          "a file in a folder that this user may write; %s: %s"
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
      return; // a file system without them
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
