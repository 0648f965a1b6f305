package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamStart;
import dev.lavalier.container.OggOpus;
import dev.lavalier.container.Tags;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes packets of Opus as an Ogg stream, as long as their samples. For use by one thread. */
final class OpusOutput implements AudioOutput {

  private final OutputStream out;
  private final StreamStart start;
  private final int maxPage;
  private final @Nullable OpusNeighbors neighbors;
  private @Nullable OggOpus ogg; // null: nothing was written yet

  /**
   * Creates an output to a stream, which {@link #close} closes.
   *
   * @param maxPage after how many samples a page ends; 0: each packet is written at once
   * @param neighbors the packets before and after those of this output; null: there are none
   */
  OpusOutput(OutputStream out, StreamStart start, int maxPage, @Nullable OpusNeighbors neighbors) {
    this.out = out;
    this.start = start;
    this.maxPage = maxPage;
    this.neighbors = neighbors;
  }

  @Override
  public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
    begin(samples.from(), captureTimeUnixNanos);
    if (!samples.isSilence()) {
      out.write(ogg.add(samples.packetBytes(), start.frameSize(), (int) samples.count()));
      return;
    }
    int second = start.format().sampleRateHz();
    for (long done = 0; done < samples.count(); done += second) {
      out.write(ogg.addSilence(Math.min(second, samples.count() - done)));
    }
  }

  /** Writes the headers, and the packets that a decoder needs before the first sample. */
  private void begin(int from, long captureTimeUnixNanos) throws IOException {
    if (ogg != null) {
      return;
    }
    PcmFormat format = start.format();
    List<byte[]> before = neighbors == null ? List.of() : neighbors.before();
    ogg =
        new OggOpus(
            format.channelCount(),
            format.sampleRateHz(),
            OggOpus.delay(start.codecConfig(), format.sampleRateHz()),
            before.size() * start.frameSize() + from,
            maxPage,
            Long.hashCode(captureTimeUnixNanos));
    out.write(
        ogg.start(new Tags(LavalierCli.nameAndVersion(), start.deviceId(), captureTimeUnixNanos)));
    for (byte[] packet : before) {
      out.write(ogg.addLead(packet, start.frameSize()));
    }
  }

  @Override
  public void close() throws IOException {
    try (out) {
      begin(0, 0);
      out.write(ogg.end(neighbors == null ? new byte[0] : neighbors.next(), start.frameSize()));
    }
  }
}
