package dev.lavalier.capture.virtual;

import dev.lavalier.audio.PcmFormat;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * An open WAV file. Used by one thread.
 *
 * @param path the file
 * @param version the file just before it was opened
 * @param header its header
 * @param channel reads it
 */
record WavFile(Path path, FileVersion version, WavHeader header, FileChannel channel)
    implements Closeable {

  /**
   * Opens a file and reads its header.
   *
   * @throws InvalidWavException if it cannot be played
   * @throws IOException if it cannot be read; the message names the file
   */
  static WavFile open(Path path) throws IOException {
    FileVersion version = FileVersion.of(path); // before the content: a later change is noticed
    FileChannel channel;
    try {
      channel = FileChannel.open(path);
    } catch (NoSuchFileException e) {
      throw new IOException(path + " does not exist any more", e);
    } catch (FileSystemException e) {
      throw new IOException(path + " cannot be read: " + e.getReason(), e);
    }
    try {
      return new WavFile(path, version, WavHeader.read(channel), channel);
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Opens a file that could be played before.
   *
   * @throws IOException if it cannot be played or read any more; the message names the file
   */
  static WavFile openAgain(Path path) throws IOException {
    try {
      return open(path);
    } catch (InvalidWavException e) {
      throw new IOException("%s cannot be played (%s)".formatted(path, e.getMessage()), e);
    }
  }

  /**
   * Opens a file that had a format before.
   *
   * @throws IOException if it has another one now, or cannot be played or read any more; the
   *     message names the file
   */
  static WavFile openAgain(Path path, PcmFormat expected) throws IOException {
    WavFile file = openAgain(path);
    PcmFormat format = file.header.format();
    if (!format.equals(expected)) {
      file.close();
      throw new IOException("%s is now %s, and was %s".formatted(path, format, expected));
    }
    return file;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
