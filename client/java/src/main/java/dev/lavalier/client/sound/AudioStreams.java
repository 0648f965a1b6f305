package dev.lavalier.client.sound;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;

/** Converts Lavalier's streams and formats to those of javax.sound. */
public final class AudioStreams {

  private AudioStreams() {}

  /**
   * Returns a stream as an {@link AudioInputStream} of unknown length. Gaps are filled with
   * silence.
   *
   * <p>A read waits for the next frame and returns -1 after the stream was closed. If the stream
   * failed, it throws an {@link java.io.IOException} whose cause is the {@link
   * dev.lavalier.client.LavalierException}. One thread reads. Any thread may close it, which closes
   * the stream.
   */
  public static AudioInputStream of(FrameStream frames) {
    return new AudioInputStream(
        new FrameInputStream(frames), format(frames.start().format()), AudioSystem.NOT_SPECIFIED);
  }

  /** Returns a format as a javax.sound format; {@code f32le} is PCM_FLOAT. */
  public static AudioFormat format(PcmFormat format) {
    return new AudioFormat(
        format.encoding() == SampleEncoding.F32LE
            ? AudioFormat.Encoding.PCM_FLOAT
            : AudioFormat.Encoding.PCM_SIGNED,
        format.sampleRateHz(),
        8 * format.encoding().bytesPerSample(),
        format.channelCount(),
        format.bytesPerSampleFrame(),
        format.sampleRateHz(),
        false);
  }
}
