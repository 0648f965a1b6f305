package dev.lavalier.capture;

import dev.lavalier.audio.StreamException;
import dev.lavalier.audio.StreamException.Reason;
import dev.lavalier.audio.PcmFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;

/**
 * An open {@code TargetDataLine} in one of our formats, all lengths in samples per channel.
 *
 * <p>One thread reads. {@link #stop} and {@link #close} may be called by any other; they release a
 * blocked read, and may block for as long as the sound system does.
 */
public final class JavaSoundLine implements AutoCloseable {

  private final TargetDataLine line;
  private final DeviceDescriptor device;
  private final PcmFormat format;

  private JavaSoundLine(TargetDataLine line, DeviceDescriptor device) {
    this.line = line;
    this.device = device;
    this.format = device.captureFormat();
  }

  static JavaSoundLine open(Mixer.Info mixer, DeviceDescriptor device, long bufferNanos)
      throws StreamException {
    PcmFormat format = device.captureFormat();
    AudioFormat audioFormat = JavaSoundFormats.toJavaSound(format);
    try {
      TargetDataLine line =
          (TargetDataLine) mixerOf(mixer).getLine(new DataLine.Info(TargetDataLine.class, audioFormat));
      int bufferBytes = (int) format.samplesIn(bufferNanos) * format.bytesPerSampleFrame();
      line.open(audioFormat, bufferBytes);
      return new JavaSoundLine(line, device);
    } catch (LineUnavailableException e) {
      // The sound system does not say whether the device is taken or dislikes the format, although
      // it listed it.
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "device_id: %s (expected: a device that is free and opens in %s; the sound system says: %s)"
              .formatted(device.id(), format, e.getMessage()),
          e);
    } catch (IllegalArgumentException e) {
      throw new StreamException(
          Reason.DEVICE_LOST,
          "device_id: %s (expected: a device that is there; the sound system says: %s)"
              .formatted(device.id(), e.getMessage()),
          e);
    } catch (SecurityException e) {
      throw new StreamException(
          Reason.DEVICE_BUSY,
          "device_id: %s (expected: a device that this server may record from)"
              .formatted(device.id()),
          e);
    }
  }

  /** Ours are had without AudioSystem, whose lock a sound server that hangs may hold for long. */
  private static Mixer mixerOf(Mixer.Info info) {
    return info instanceof VirtualMixerProvider.Info virtualInfo
        ? new VirtualMixer(virtualInfo)
        : AudioSystem.getMixer(info);
  }

  /** Returns the device, as it was listed when it was opened. */
  public DeviceDescriptor device() {
    return device;
  }

  /** Returns the format it was opened in. */
  public PcmFormat format() {
    return format;
  }

  void start() {
    line.start();
  }

  /** Returns the samples that the line's buffer holds. */
  int bufferSamples() {
    return line.getBufferSize() / format.bytesPerSampleFrame();
  }

  /** Returns the samples that a read would get at once. */
  int available() {
    return line.available() / format.bytesPerSampleFrame();
  }

  /**
   * Fills {@code buffer}, waiting for it where need be.
   *
   * @param buffer whole samples
   * @return the samples read: fewer than asked for only when the line was stopped or is lost
   */
  int read(byte[] buffer) {
    return line.read(buffer, 0, buffer.length) / format.bytesPerSampleFrame();
  }

  /** Stops the capture, which releases a blocked read. */
  void stop() {
    line.stop();
  }

  /** Gives the device back. Does nothing the second time. */
  @Override
  public void close() {
    line.close();
  }
}
