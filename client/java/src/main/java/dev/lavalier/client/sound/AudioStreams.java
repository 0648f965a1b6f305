package dev.lavalier.client.sound;

import dev.lavalier.client.FrameStream;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;

/** Lavalier's streams and formats as javax.sound's. */
public final class AudioStreams {

  private AudioStreams() {}

  /**
   * Returns a stream as an {@link AudioInputStream} of unknown length, gaps filled with silence.
   *
   * <p>Reading waits for the next frame, and gives -1 once the stream was closed; it throws an
   * {@link java.io.IOException} around the {@link dev.lavalier.client.LavalierException} with which
   * the stream ended. One thread reads. Closing closes the stream, from any thread.
   */
  public static AudioInputStream of(FrameStream frames) {
    return new AudioInputStream(
        new FrameInputStream(frames), format(frames.start().format()), AudioSystem.NOT_SPECIFIED);
  }

  /** Returns a format in javax.sound's words; {@code f32le} is PCM_FLOAT. */
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
