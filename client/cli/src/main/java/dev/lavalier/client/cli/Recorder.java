package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes an exact number of samples of a stream, with silence in place of gaps. */
final class Recorder {

  private static final int SILENCE_BYTES = 64 << 10;

  private final FrameStream stream;
  private final PcmOutput output;
  private final Progress progress;
  private final int bytesPerSampleFrame;

  Recorder(FrameStream stream, PcmOutput output, Progress progress) {
    this.stream = stream;
    this.output = output;
    this.progress = progress;
    this.bytesPerSampleFrame = stream.start().format().bytesPerSampleFrame();
  }

  /**
   * Records until {@code samples} samples per channel are written or the stream is closed.
   *
   * @throws LavalierException if the stream fails
   * @throws IOException if writing fails
   */
  void record(long samples) throws LavalierException, IOException {
    long remaining = samples;
    Frame frame;
    while (remaining > 0 && (frame = stream.read()) != null) {
      if (frame.gap().isPresent()) {
        Gap gap = frame.gap().get();
        progress.onGap(gap, samples - remaining);
        long silentSamples = Math.min(remaining, gap.sampleCount());
        writeSilence(silentSamples);
        remaining -= silentSamples;
      }
      ByteBuffer pcm = frame.pcm();
      int count = (int) Math.min(remaining, pcm.remaining() / bytesPerSampleFrame);
      pcm.limit(count * bytesPerSampleFrame);
      output.write(pcm.duplicate());
      progress.onWritten(pcm, samples - remaining + count);
      remaining -= count;
    }
  }

  private void writeSilence(long samples) throws IOException {
    ByteBuffer silence =
        ByteBuffer.allocate(SILENCE_BYTES / bytesPerSampleFrame * bytesPerSampleFrame);
    for (long remaining = samples * bytesPerSampleFrame;
        remaining > 0;
        remaining -= silence.limit()) {
      silence.clear().limit((int) Math.min(remaining, silence.capacity()));
      output.write(silence);
    }
  }
}
