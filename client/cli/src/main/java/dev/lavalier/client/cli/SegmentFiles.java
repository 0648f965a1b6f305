package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Writes a recording as files of equal length. Each file is complete before the next one is
 * created, and a file is created only when it has a first sample. No file is replaced: if a name
 * exists, the next one has a number. For use by one thread at a time.
 */
final class SegmentFiles implements AudioOutput {

  private static final int FIRST_NUMBER = 2; // of a name that exists

  private final SegmentNames names;
  private final Duration length;
  private final PcmFormat format;
  private final Opener opener;

  private @Nullable AudioOutput current; // null: the next sample begins a segment
  private @Nullable Path path; // of the last segment; null: none yet
  private @Nullable Path lastName; // the same without its number
  private int lastNumber;
  private long count; // segments begun
  private long written; // samples per channel, in all segments
  private long end; // the position of the next cut

  /** Creates an output for a file that was created and is empty. */
  interface Opener {
    /** Returns an output that closes the file. */
    AudioOutput open(FileChannel file) throws IOException;
  }

  /**
   * Creates the output. Segment k ends at sample {@code k * length * rate}, rounded down, so the
   * position of a cut has no error that grows.
   */
  SegmentFiles(SegmentNames names, Duration length, PcmFormat format, Opener opener) {
    this.names = names;
    this.length = length;
    this.format = format;
    this.opener = opener;
  }

  /**
   * {@inheritDoc}
   *
   * @throws FileSystemException if a file fails; it has the name of the file and the reason
   */
  @Override
  public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
    long done = 0; // samples per channel of this call
    while (done < samples.count()) {
      long time = captureTimeUnixNanos + AudioOutput.nanos(done, format);
      if (current == null) {
        begin(time);
      }
      long count = Math.min(samples.count() - done, end - written);
      try {
        current.write(samples.part(done, count), time);
      } catch (IOException e) {
        throw failure(path, e);
      }
      done += count;
      written += count;
      if (written == end) {
        finish();
      }
    }
  }

  private void begin(long captureTimeUnixNanos) throws IOException {
    Path name = names.at(captureTimeUnixNanos);
    // After a name with a number, the search continues with the next number.
    int number = name.equals(lastName) ? lastNumber + 1 : FIRST_NUMBER - 1;
    Path next = number < FIRST_NUMBER ? name : SegmentNames.numbered(name, number);
    while (!create(next)) {
      number++;
      next = SegmentNames.numbered(name, number);
    }
    lastName = name;
    lastNumber = number;
    count++;
    end = position(count);
  }

  /** Begins the segment; returns false if the file exists. */
  private boolean create(Path next) throws IOException {
    try {
      Path folder = next.getParent();
      if (folder != null && !Files.isDirectory(folder)) { // createDirectories rejects links
        Files.createDirectories(folder);
      }
      open(next);
      return true;
    } catch (FileAlreadyExistsException e) {
      if (next.toString().equals(e.getFile())) {
        return false;
      }
      throw failure(next, new IOException("a file has the name of its folder", e));
    } catch (IOException e) {
      throw failure(next, e);
    }
  }

  private void open(Path next) throws IOException {
    FileChannel file =
        FileChannel.open(next, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      current = opener.open(file);
      path = next;
    } catch (IOException e) {
      try (file) {
        Files.deleteIfExists(next); // it has no sample
      }
      throw e;
    }
  }

  private static FileSystemException failure(Path file, IOException e) {
    FileSystemException failure =
        new FileSystemException(file.toString(), null, FileTypes.reason(e));
    failure.initCause(e);
    return failure;
  }

  /** Returns the position of the cut after {@code segments} segments. */
  private long position(long segments) {
    Duration at = length.multipliedBy(segments);
    int rateHz = format.sampleRateHz();
    return at.getSeconds() * rateHz + (long) at.getNano() * rateHz / TimeUnit.SECONDS.toNanos(1);
  }

  private void finish() throws IOException {
    AudioOutput finished = current;
    current = null;
    try {
      finished.close();
    } catch (IOException e) {
      throw failure(path, e);
    }
  }

  /** Finishes the current segment. */
  @Override
  public void close() throws IOException {
    if (current != null) {
      finish();
    }
  }

  /** Returns how many segments were begun. */
  long count() {
    return count;
  }

  /** Returns the file of the last segment; null if there is none. */
  @Nullable Path last() {
    return path;
  }
}
