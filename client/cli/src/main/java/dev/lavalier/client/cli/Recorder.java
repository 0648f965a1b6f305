package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes a stream out to the sample: no more than was wanted, and silence where a gap is. */
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
   * Records until so many samples per channel are written or the stream is closed.
   *
   * @throws IOException where the output refuses
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
