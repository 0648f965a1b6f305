package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts what a stream receives. Safe for use from any thread. */
final class StreamCounters {

  // Guarded by this.
  private final Map<Gap.Cause, Long> lostSamples = new EnumMap<>(Gap.Cause.class);
  private long frames;
  private long samples;
  private long staleFrames;
  private long bytes;
  private long reconnections;

  synchronized void arrived(AudioFrame frame) {
    bytes += frame.getPcm().size() + frame.getPacket().size();
  }

  /** Counts a frame that the program gets. */
  synchronized void delivered(int sampleCount, @Nullable Gap gap) {
    frames++;
    samples += sampleCount;
    if (gap != null) {
      for (Gap.Part part : gap.parts()) {
        lostSamples.merge(part.cause(), part.sampleCount(), Long::sum);
      }
    }
  }

  synchronized void stale() {
    staleFrames++;
  }

  synchronized void reconnected() {
    reconnections++;
  }

  synchronized StreamStats snapshot() {
    return new StreamStats(frames, samples, lostSamples, staleFrames, bytes, reconnections);
  }
}
