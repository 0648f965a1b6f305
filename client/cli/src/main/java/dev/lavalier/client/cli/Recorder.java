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
  private final int bytesPerSample;

  Recorder(FrameStream stream, PcmOutput output, Progress progress) {
    this.stream = stream;
    this.output = output;
    this.progress = progress;
    this.bytesPerSample = stream.start().format().bytesPerSampleFrame();
  }

  /**
   * Records until so many samples per channel are written or the stream is closed.
   *
   * @throws IOException where the output refuses
   */
  void record(long samples) throws LavalierException, IOException {
    long left = samples;
    Frame frame;
    while (left > 0 && (frame = stream.read()) != null) {
      if (frame.gap().isPresent()) {
        Gap gap = frame.gap().get();
        progress.gap(gap, samples - left);
        long silent = Math.min(left, gap.sampleCount());
        writeSilence(silent);
        left -= silent;
      }
      ByteBuffer pcm = frame.pcm();
      int taken = (int) Math.min(left, pcm.remaining() / bytesPerSample);
      pcm.limit(taken * bytesPerSample);
      output.write(pcm.duplicate());
      progress.wrote(pcm, samples - left + taken);
      left -= taken;
    }
  }

  private void writeSilence(long samples) throws IOException {
    ByteBuffer silence = ByteBuffer.allocate(SILENCE_BYTES / bytesPerSample * bytesPerSample);
    for (long left = samples * bytesPerSample; left > 0; left -= silence.limit()) {
      silence.clear().limit((int) Math.min(left, silence.capacity()));
      output.write(silence);
    }
  }
}
