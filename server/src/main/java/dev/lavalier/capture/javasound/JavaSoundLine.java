package dev.lavalier.capture.javasound;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import java.time.Duration;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;

/** An {@link AudioLine} on an open {@code TargetDataLine}. */
final class JavaSoundLine implements AudioLine {

  private final TargetDataLine line;
  private final PcmFormat format;

  private JavaSoundLine(TargetDataLine line, PcmFormat format) {
    this.line = line;
    this.format = format;
  }

  /**
   * Opens a line of a mixer in the capture format of its device. May block for as long as the sound
   * system does.
   *
   * @param buffer the length of the line's buffer
   * @throws StreamException DEVICE_LOST if the mixer is not valid any more, DEVICE_BUSY if the line
   *     does not open
   */
  static JavaSoundLine open(Mixer.Info mixer, DeviceDescriptor device, Duration buffer)
      throws StreamException {
    PcmFormat format = device.captureFormat();
    AudioFormat audioFormat = JavaSoundFormats.toJavaSound(format);
    try {
      TargetDataLine line =
          (TargetDataLine)
              AudioSystem.getMixer(mixer)
                  .getLine(new DataLine.Info(TargetDataLine.class, audioFormat));
      int bufferBytes = (int) format.samplesIn(buffer.toNanos()) * format.bytesPerSampleFrame();
      line.open(audioFormat, bufferBytes);
      return new JavaSoundLine(line, format);
    } catch (LineUnavailableException e) {
      // The sound system does not report whether the device is in use or does not support a format
      // that it lists.
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "%s did not open in %s: another program may use it, or it may not support this format (the sound system reports: %s)"
              .formatted(device.id(), format, e.getMessage()),
          e);
    } catch (IllegalArgumentException e) {
      throw new StreamException(
          Reason.DEVICE_LOST,
          "device_id: %s (expected: a device that is available; the sound system reports: %s)"
              .formatted(device.id(), e.getMessage()),
          e);
    } catch (SecurityException e) {
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "%s did not open: the server has no permission to record from it".formatted(device.id()),
          e);
    }
  }

  @Override
  public PcmFormat format() {
    return format;
  }

  @Override
  public void start() {
    line.start();
  }

  @Override
  public int bufferSamples() {
    return line.getBufferSize() / format.bytesPerSampleFrame();
  }

  @Override
  public int available() {
    return line.available() / format.bytesPerSampleFrame();
  }

  @Override
  public int read(byte[] buffer) {
    return line.read(buffer, 0, buffer.length) / format.bytesPerSampleFrame();
  }

  @Override
  public void stop() {
    line.stop();
  }

  @Override
  public void close() {
    line.close();
  }
}
