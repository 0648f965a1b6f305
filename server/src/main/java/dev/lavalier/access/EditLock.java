package dev.lavalier.access;

import dev.lavalier.common.TimeSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The exclusive right to change the token file: a lock on the file {@code FILE.lock}, which stays.
 * The system releases it if the process ends. While a process has it, the lock file contains the
 * number of the process. Acquired and closed on one thread.
 */
final class EditLock implements AutoCloseable {

  /** How long {@link #acquire} waits. A change takes milliseconds. */
  static final Duration TIMEOUT = Duration.ofSeconds(10);

  private static final long RETRY_NANOS = 20_000_000;
  private static final int MAX_PID_BYTES = 20;

  /**
   * A lock on a file belongs to the process, and the process loses it if any of its threads closes
   * the file. So only one thread at a time opens a lock file.
   */
  private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

  private final FileChannel channel;

  private EditLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Waits for the lock, for at most {@link #TIMEOUT}.
   *
   * @param file the token file, which does not need to exist
   * @throws InvalidFileException if another command has the lock for longer; its message names the
   *     process
   * @throws IOException if the lock file cannot be written or locked
   */
  static EditLock acquire(Path file, TimeSource timeSource)
      throws IOException, InvalidFileException {
    Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
    long deadline = timeSource.nanoTime() + TIMEOUT.toNanos();
    while (!IN_THIS_PROCESS.tryLock()) {
      if (timeSource.nanoTime() >= deadline) {
        throw held(file, lockFile, "process " + ProcessHandle.current().pid());
      }
      timeSource.parkUntil(timeSource.nanoTime() + RETRY_NANOS);
    }
    FileChannel channel = null;
    try {
      channel = open(file, lockFile);
      // The lock is released when the channel is closed.
      for (FileLock lock = channel.tryLock(); lock == null; lock = channel.tryLock()) {
        if (timeSource.nanoTime() >= deadline) {
          throw held(file, lockFile, holder(channel));
        }
        timeSource.parkUntil(timeSource.nanoTime() + RETRY_NANOS);
      }
      write(channel, Long.toString(ProcessHandle.current().pid()));
      return new EditLock(channel);
    } catch (IOException | InvalidFileException | RuntimeException | Error e) {
      release(channel, e);
      throw e;
    }
  }

  private static void release(@Nullable FileChannel channel, Throwable cause) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException suppressed) {
      cause.addSuppressed(suppressed);
    } finally {
      IN_THIS_PROCESS.unlock();
    }
  }

  /**
   * Opens the lock file. Gives it the owner of the token file, so that the owner can lock it, too.
   */
  private static FileChannel open(Path file, Path lockFile) throws IOException {
    Set<OpenOption> options =
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS);
    FileAttribute<?>[] ownerOnly = ConfigFile.ownerOnly(file);
    FileChannel channel = FileChannel.open(lockFile, options, ownerOnly);
    try {
      FileOwnerAttributeView owner =
          Files.getFileAttributeView(lockFile, FileOwnerAttributeView.class);
      if (owner != null && Files.exists(file) && !owner.getOwner().equals(Files.getOwner(file))) {
        owner.setOwner(Files.getOwner(file));
      }
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static InvalidFileException held(Path file, Path lockFile, String holder) {
    return ConfigFile.invalid(
        TokenFile.KEY,
        file,
        "a file that no other command is changing; %s has held %s for %d s or more"
            .formatted(holder, lockFile, TIMEOUT.toSeconds()),
        null);
  }

  /** Returns the process that has the lock. */
  private static String holder(FileChannel channel) {
    ByteBuffer text = ByteBuffer.allocate(MAX_PID_BYTES);
    try {
      channel.read(text, 0);
    } catch (IOException e) {
      // some systems allow only the process that has the lock to read the file
    }
    String pid = new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII);
    return pid.matches("[0-9]+") ? "process " + pid : "another process";
  }

  private static void write(FileChannel channel, String text) throws IOException {
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)), 0);
  }

  /** Releases the lock. */
  @Override
  public void close() {
    try (channel) {
      channel.truncate(0); // the process no longer has the lock
    } catch (IOException e) {
      // The change is made. The system releases the lock when the process ends.
    } finally {
      IN_THIS_PROCESS.unlock();
    }
  }
}
