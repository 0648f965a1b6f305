package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Block;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Requests the audio of one epoch that its node has kept. Used by one thread, which it blocks for 2
 * s at most.
 */
final class Backfill {

  private static final Duration MAX_TIME = Duration.ofSeconds(2);
  private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(500);

  /** The node has no more if an answer is smaller: it has only what was captured meanwhile. */
  private static final int FULL_BYTES = Messages.MAX_FETCHED_BYTES / 2;

  /** Blocks that are captured while the others are requested. */
  private static final int MAX_NEW_BLOCKS = 1_000;

  private final Link link;
  private final String edge;
  private final String deviceId;
  private final long epoch;
  private final PcmFormat format;
  private final int blockSamples;
  private final TimeSource time;

  /**
   * Creates a backfill.
   *
   * @param deviceId the id of the device in the fleet
   * @param format the format of its blocks
   * @param blockSamples samples per channel in an ordinary block; a longer one is malformed
   */
  Backfill(
      Link link,
      String edge,
      String deviceId,
      long epoch,
      PcmFormat format,
      int blockSamples,
      TimeSource time) {
    this.link = link;
    this.edge = edge;
    this.deviceId = deviceId;
    this.epoch = epoch;
    this.format = format;
    this.blockSamples = blockSamples;
    this.time = time;
  }

  /**
   * Returns the blocks that the node has kept, in order.
   *
   * @param startIndex index of the next sample that the node publishes, or a lower one
   * @param history how much is needed before that sample
   */
  List<Block> blocks(long startIndex, Duration history) {
    long wanted = format.samplesIn(history.toNanos());
    long next = Math.max(0, startIndex - wanted) / blockSamples * blockSamples;
    long maxBlocks = wanted / blockSamples + MAX_NEW_BLOCKS;
    List<Block> blocks = new ArrayList<>();
    long deadline = time.nanoTime() + MAX_TIME.toNanos();
    while (blocks.size() < maxBlocks && time.nanoTime() - deadline < 0) {
      int bytes = 0;
      for (Block each : request(next)) {
        if (each.getEpoch() == epoch
            && each.getSampleIndex() >= next
            && each.getEnded().isEmpty()
            && each.getPcm().size() <= blockSamples * format.bytesPerSampleFrame()) {
          blocks.add(each);
          bytes += each.getPcm().size();
          next = each.getSampleIndex() + each.getPcm().size() / format.bytesPerSampleFrame();
        }
      }
      if (bytes < FULL_BYTES) {
        break;
      }
    }
    return blocks;
  }

  private List<Block> request(long fromIndex) {
    try {
      byte[] reply =
          link.request(
              Subjects.control(Subjects.nodeOf(deviceId), edge),
              Messages.fetch(Subjects.localIdOf(deviceId), epoch, fromIndex),
              REQUEST_TIMEOUT);
      return Messages.fetched(reply, format);
    } catch (Link.NoReplyException e) {
      return List.of();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
