package dev.lavalier.client.cli;

import dev.lavalier.client.StreamStart;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The packets before and after the one that is being written. A file that begins within a stream
 * needs those before, from which a decoder gets its state, and a file that ends within it needs the
 * one after it, because a decoder returns each sample later. For use by one thread.
 */
final class OpusNeighbors {

  /**
   * After this time, the output of a decoder does not depend on its first packet. It is twice the
   * time that RFC 7845 recommends, after which a tone is still 1 dB lower.
   */
  private static final int LEAD_MILLIS = 160;

  private static final byte[] NONE = {};

  private final int leadPackets;
  private final Deque<byte[]> before = new ArrayDeque<>();
  private byte[] next = NONE;

  OpusNeighbors(StreamStart start) {
    int lead = LEAD_MILLIS * start.format().sampleRateHz() / 1_000;
    this.leadPackets = (lead + start.frameSize() - 1) / start.frameSize();
  }

  /** Returns the packets of 160 ms before, fewer after a gap. */
  List<byte[]> before() {
    return List.copyOf(before);
  }

  /** Returns the packet after it; empty: a gap, the end, or not known yet. */
  byte[] next() {
    return next;
  }

  /** Returns an output that holds each packet back until it knows the next one. */
  AudioOutput toOutput(AudioOutput output) {
    return new AudioOutput() {
      private @Nullable Samples held;
      private long heldTime;

      @Override
      public void write(Samples samples, long captureTimeUnixNanos) throws IOException {
        next = samples.isSilence() ? NONE : samples.packetBytes();
        writeHeld();
        held = samples;
        heldTime = captureTimeUnixNanos;
      }

      private void writeHeld() throws IOException {
        if (held == null) {
          return;
        }
        output.write(held, heldTime);
        if (held.isSilence()) {
          before.clear();
        } else {
          before.add(held.packetBytes());
        }
        if (before.size() > leadPackets) {
          before.remove();
        }
      }

      @Override
      public void close() throws IOException {
        try (output) {
          next = NONE;
          writeHeld();
        }
      }
    };
  }
}
