package dev.lavalier.client.cli;

import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.container.OggOpus;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes an exact number of samples of a stream, with silence in place of gaps. */
final class Recorder {

  private static final int SILENCE_BYTES = 64 << 10;

  private final FrameStream stream;
  private final boolean hasPackets;
  private final AudioOutput output;
  private final Progress progress;
  private final PcmFormat format; // a stream keeps its format
  private final int bytesPerSampleFrame;

  /**
   * Creates a recorder.
   *
   * @param hasPackets whether the frames have packets, which are written as they are
   */
  Recorder(FrameStream stream, boolean hasPackets, AudioOutput output, Progress progress) {
    this.stream = stream;
    this.hasPackets = hasPackets;
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
        long gapNanos = AudioOutput.nanos(gap.sampleCount(), format);
        writeSilence(silentSamples, frame.captureTimeUnixNanos() - gapNanos);
        remaining -= silentSamples;
      }
      Samples available = samples(frame);
      Samples used = available.part(0, Math.min(remaining, available.count()));
      output.write(used, frame.captureTimeUnixNanos());
      remaining -= used.count();
      progress.onWritten(hasPackets ? frame.pcm() : used.pcm(), samples - remaining);
    }
  }

  private Samples samples(Frame frame) {
    if (!hasPackets) {
      return Samples.pcm(frame.pcm(), bytesPerSampleFrame);
    }
    // A server that is older than codecs can take the place of the one before.
    int length = frame.packet().map(ByteBuffer::remaining).orElse(0);
    if (length == 0 || length > OggOpus.MAX_PACKET_BYTES) {
      throw new CliException(
          "packet: %d bytes (expected: a packet of opus, 1..%d)"
              .formatted(length, OggOpus.MAX_PACKET_BYTES),
          null);
    }
    ByteBuffer packet = frame.packet().get();
    return Samples.packet(packet, stream.start().frameSize());
  }

  private void writeSilence(long samples, long captureTimeUnixNanos) throws IOException {
    if (hasPackets) {
      output.write(Samples.silence(samples), captureTimeUnixNanos);
      return;
    }
    int maxSamples = SILENCE_BYTES / bytesPerSampleFrame;
    ByteBuffer silence = ByteBuffer.allocate(maxSamples * bytesPerSampleFrame);
    for (long done = 0; done < samples; done += silence.limit() / bytesPerSampleFrame) {
      int count = (int) Math.min(samples - done, maxSamples);
      silence.clear().limit(count * bytesPerSampleFrame);
      output.write(
          Samples.pcm(silence, bytesPerSampleFrame),
          captureTimeUnixNanos + AudioOutput.nanos(done, format));
    }
  }
}
