package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes an exact number of samples of a stream, with silence in place of gaps. */
final class Recorder {

  private static final int SILENCE_BYTES = 64 << 10;

  private final FrameStream stream;
  private final PcmOutput output;
  private final Progress progress;
  private final PcmFormat format; // a stream keeps its format
  private final int bytesPerSampleFrame;

  Recorder(FrameStream stream, PcmOutput output, Progress progress) {
    this.stream = stream;
    this.output = output;
    this.progress = progress;
    this.format = stream.start().format();
    this.bytesPerSampleFrame = format.bytesPerSampleFrame();
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
        long gapNanos = PcmOutput.nanos(gap.sampleCount(), format);
        writeSilence(silentSamples, frame.captureTimeUnixNanos() - gapNanos);
        remaining -= silentSamples;
      }
      ByteBuffer pcm = frame.pcm();
      int count = (int) Math.min(remaining, pcm.remaining() / bytesPerSampleFrame);
      pcm.limit(count * bytesPerSampleFrame);
      output.write(pcm.duplicate(), frame.captureTimeUnixNanos());
      progress.onWritten(pcm, samples - remaining + count);
      remaining -= count;
    }
  }

  private void writeSilence(long samples, long captureTimeUnixNanos) throws IOException {
    int maxSamples = SILENCE_BYTES / bytesPerSampleFrame;
    ByteBuffer silence = ByteBuffer.allocate(maxSamples * bytesPerSampleFrame);
    for (long done = 0; done < samples; done += silence.limit() / bytesPerSampleFrame) {
      int count = (int) Math.min(samples - done, maxSamples);
      silence.clear().limit(count * bytesPerSampleFrame);
      output.write(silence, captureTimeUnixNanos + PcmOutput.nanos(done, format));
    }
  }
}
