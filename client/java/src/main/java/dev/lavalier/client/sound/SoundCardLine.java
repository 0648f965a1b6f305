package dev.lavalier.client.sound;

import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.SourceDataLine;

/** The machine's default output device. */
final class SoundCardLine implements OutputLine {

  /** Room for the longest queue that the player keeps, and a frame. */
  static final int ROOM_MS = 1_000;

  private final SourceDataLine line;
  private final int bytesPerSample;
  private boolean begun;

  private SoundCardLine(SourceDataLine line, int bytesPerSample) {
    this.line = line;
    this.bytesPerSample = bytesPerSample;
  }

  /**
   * Opens it.
   *
   * @throws IOException where there is none, or none that takes the format, in one line
   */
  static SoundCardLine open(PcmFormat format) throws IOException {
    AudioFormat wanted = AudioStreams.format(format);
    SourceDataLine line = null;
    try {
      line = (SourceDataLine) AudioSystem.getLine(new DataLine.Info(SourceDataLine.class, wanted));
      line.open(wanted, format.sampleRateHz() / 1_000 * ROOM_MS * format.bytesPerSampleFrame());
      return new SoundCardLine(line, format.bytesPerSampleFrame());
    } catch (LineUnavailableException | IllegalArgumentException | SecurityException e) {
      if (line != null) {
        line.close();
      }
      throw new IOException(
          "output: none (expected: an output device that plays %s; %s)"
              .formatted(format, e.getMessage()),
          e);
    }
  }

  @Override
  public void restart(int silentSamples) throws IOException {
    if (begun) { // PulseAudio's does not come back from running dry
      AudioFormat format = line.getFormat();
      int room = line.getBufferSize();
      line.close();
      try {
        line.open(format, room);
      } catch (LineUnavailableException e) {
        throw new IOException("output: gone (expected: an output device that keeps playing)", e);
      }
    }
    begun = true;
    // Started with nothing in it, PulseAudio's line counts a whole buffer as lost at once.
    byte[] silence = new byte[silentSamples * bytesPerSample];
    write(silence, silence.length);
    line.start();
  }

  @Override
  public long queued() {
    return Math.max(0, line.getBufferSize() - line.available()) / bytesPerSample;
  }

  @Override
  public void write(byte[] pcm, int length) throws IOException {
    if (line.write(pcm, 0, length) < length) {
      throw new IOException("output: gone (expected: an output device that keeps playing)");
    }
  }

  @Override
  public void close() {
    line.close();
  }
}
