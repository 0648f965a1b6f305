package dev.lavalier.client;

import java.util.ArrayList;
import java.util.List;

/**
 * A sequence of samples that this client did not receive. Immutable.
 *
 * @param sampleCount the number of missing samples per channel; more than 0
 * @param cause why the samples are missing; if there are several causes, the cause of the most
 *     samples
 * @param estimated whether the count was estimated, fully or partly, from timestamps
 * @param parts the samples that each cause removed: at least one part, one per cause, whose counts
 *     add up to {@code sampleCount}. Their order has no meaning
 */
public record Gap(long sampleCount, Cause cause, boolean estimated, List<Part> parts) {

  /**
   * The samples of a gap that one cause removed.
   *
   * @param sampleCount the number of missing samples per channel; more than 0
   * @param cause why the samples are missing
   * @param estimated whether the count was estimated, fully or partly, from timestamps
   */
  public record Part(long sampleCount, Cause cause, boolean estimated) {}

  /** Copies the list. */
  public Gap {
    parts = List.copyOf(parts);
  }

  /** Creates a gap with one cause. */
  Gap(long sampleCount, Cause cause, boolean estimated) {
    this(sampleCount, cause, estimated, List.of(new Part(sampleCount, cause, estimated)));
  }

  /** Creates the gap of one or more parts, and adds up parts of the same cause. */
  static Gap of(List<Part> parts) {
    List<Part> sums = new ArrayList<>();
    for (Part part : parts) {
      int at = 0;
      while (at < sums.size() && sums.get(at).cause() != part.cause()) {
        at++;
      }
      if (at == sums.size()) {
        sums.add(part);
      } else {
        Part sum = sums.get(at);
        sums.set(
            at,
            new Part(
                sum.sampleCount() + part.sampleCount(),
                sum.cause(),
                sum.estimated() || part.estimated()));
      }
    }
    Part largest = sums.get(0);
    for (Part part : sums) {
      if (part.sampleCount() > largest.sampleCount()) {
        largest = part;
      }
    }
    return new Gap(
        sums.stream().mapToLong(Part::sampleCount).sum(),
        largest.cause(),
        sums.stream().anyMatch(Part::estimated),
        sums);
  }

  /** Why samples are missing. */
  public enum Cause {
    /** This client did not read the frames in time. */
    SLOW_SUBSCRIBER,
    /** The device or its driver lost them while it was open. */
    DEVICE_OVERRUN,
    /** The device was lost and is available again. */
    DEVICE_LOST,
    /** The server no longer had the samples between the point of resumption and the first frame. */
    NOT_KEPT,
    /** The server was too busy to read them from the device or to send them in time. */
    SERVER_OVERLOAD,
    /** They were lost between the machine that captured them and the server. */
    UPSTREAM,
    /** A cause that a newer server reports and this client does not know. */
    UNKNOWN
  }
}
