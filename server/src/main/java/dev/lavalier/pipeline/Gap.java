package dev.lavalier.pipeline;

import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import java.util.List;

/**
 * A run of samples that a subscriber did not get. Immutable.
 *
 * @param parts the losses that the gap consists of, one per kind; at least one
 */
public record Gap(List<Part> parts) {

  /**
   * The samples of a gap that one kind of loss removed.
   *
   * @param sampleCount number of missing samples per channel, more than 0
   * @param loss why they are missing
   */
  public record Part(long sampleCount, Loss loss) {}

  /** Copies the list. */
  public Gap {
    parts = List.copyOf(parts);
  }

  /**
   * Creates a gap of one part.
   *
   * @param estimated whether the count is estimated from timestamps
   */
  public static Gap of(long sampleCount, LossCause cause, boolean estimated) {
    return new Gap(List.of(new Part(sampleCount, new Loss(cause, estimated))));
  }

  /** Returns the number of missing samples per channel, more than 0. */
  public long sampleCount() {
    return parts.stream().mapToLong(Part::sampleCount).sum();
  }

  /** Returns the cause of the most samples; of equal ones, the first. */
  public LossCause cause() {
    Part largest = parts.get(0);
    for (Part part : parts) {
      if (part.sampleCount() > largest.sampleCount()) {
        largest = part;
      }
    }
    return largest.loss().cause();
  }

  /** Returns whether the count is estimated from timestamps, fully or partly. */
  public boolean estimated() {
    return parts.stream().anyMatch(part -> part.loss().estimated());
  }
}
