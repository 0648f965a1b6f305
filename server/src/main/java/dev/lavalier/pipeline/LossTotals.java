package dev.lavalier.pipeline;

import dev.lavalier.capture.Loss;
import java.util.ArrayList;
import java.util.List;

/**
 * The samples that a framer skipped so far because they were lost before it, by kind of loss.
 * Immutable; frames between two losses share one object.
 */
public final class LossTotals {

  /** Nothing was lost. */
  public static final LossTotals NONE = new LossTotals(List.of());

  private final List<Gap.Part> totals; // in the order in which the kinds first occurred

  private LossTotals(List<Gap.Part> totals) {
    this.totals = totals;
  }

  /** Returns these totals after another loss of {@code samples} samples, more than 0. */
  LossTotals plus(long samples, Loss loss) {
    List<Gap.Part> next = new ArrayList<>(totals);
    next.removeIf(part -> part.loss().equals(loss));
    next.add(new Gap.Part(total(loss) + samples, loss)); // the last kind of loss is last
    return new LossTotals(List.copyOf(next));
  }

  /**
   * Returns these totals after another loss with several causes.
   *
   * @param samples the number of samples that were lost, more than 0
   * @param parts why. If they are more samples than were lost, the last ones do not count; if they
   *     are fewer, the last part gets the rest
   */
  LossTotals plus(long samples, List<Gap.Part> parts) {
    LossTotals next = this;
    long rest = samples;
    for (int k = 0; k < parts.size() && rest > 0; k++) {
      Gap.Part part = parts.get(k);
      long count = k == parts.size() - 1 ? rest : Math.min(rest, part.sampleCount());
      next = next.plus(count, part.loss());
      rest -= count;
    }
    return next;
  }

  /** Returns what was lost after {@code earlier}, totals of the same framer. */
  public List<Gap.Part> since(LossTotals earlier) {
    if (earlier == this) {
      return List.of();
    }
    return totals.stream()
        .map(part -> new Gap.Part(part.sampleCount() - earlier.total(part.loss()), part.loss()))
        .filter(part -> part.sampleCount() > 0)
        .toList();
  }

  private long total(Loss loss) {
    for (Gap.Part part : totals) {
      if (part.loss().equals(loss)) {
        return part.sampleCount();
      }
    }
    return 0;
  }
}
