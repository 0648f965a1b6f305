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

  /** The size of the line's buffer: enough for the maximum queue of the player and a frame. */
  static final int BUFFER_MS = 1_000;

  private final SourceDataLine line;
  private final int bytesPerSampleFrame;
  private boolean started;

  private SoundCardLine(SourceDataLine line, int bytesPerSampleFrame) {
    this.line = line;
    this.bytesPerSampleFrame = bytesPerSampleFrame;
  }

  /**
   * Opens the default output device.
   *
   * @throws IOException if there is no output device or none plays the format; the message is one
   *     line
   */
  static SoundCardLine open(PcmFormat format) throws IOException {
    AudioFormat audioFormat = AudioStreams.format(format);
    SourceDataLine line = null;
    try {
      line =
          (SourceDataLine)
              AudioSystem.getLine(new DataLine.Info(SourceDataLine.class, audioFormat));
      line.open(
          audioFormat, format.sampleRateHz() / 1_000 * BUFFER_MS * format.bytesPerSampleFrame());
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
    if (started) { // a PulseAudio line does not recover from an underrun
      AudioFormat format = line.getFormat();
      int bufferBytes = line.getBufferSize();
      line.close();
      try {
        line.open(format, bufferBytes);
      } catch (LineUnavailableException e) {
        throw new IOException("the output device failed; check it and start again", e);
      }
    }
    started = true;
    // If it starts empty, a PulseAudio line counts a whole buffer as lost at once.
    byte[] silence = new byte[silentSamples * bytesPerSampleFrame];
    write(silence, silence.length);
    line.start();
  }

  @Override
  public long queuedSamples() {
    return Math.max(0, line.getBufferSize() - line.available()) / bytesPerSampleFrame;
  }

  @Override
  public void write(byte[] pcm, int length) throws IOException {
    if (line.write(pcm, 0, length) < length) {
      throw new IOException("the output device failed; check it and start again");
    }
  }

  @Override
  public void close() {
    line.close();
  }
}
