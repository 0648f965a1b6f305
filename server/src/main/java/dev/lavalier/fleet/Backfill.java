package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Block;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Requests the audio of one epoch that its node has kept, and reads what the engine has recorded
 * before that. Used by one thread, which it blocks for 3 s at most.
 */
final class Backfill {

  private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(500);

  /** The node has no more if an answer is smaller: it has only what was captured meanwhile. */
  private static final int FULL_BYTES = Messages.MAX_FETCHED_BYTES / 2;

  /** How often a node may not answer: it can have too much to send. */
  private static final int MAX_UNANSWERED = 3;

  /** Blocks that are captured while the others are requested. */
  private static final int MAX_NEW_BLOCKS = 1_000;

  /** Recorded blocks that were published while the device was being opened. */
  private static final Duration NEWER = Duration.ofSeconds(2);

  private static final int MAX_RECORDED_BYTES = 64 << 20;

  private final Link link;
  private final String edge;
  private final long boot;
  private final String deviceId;
  private final long epoch;
  private final PcmFormat format;
  private final int blockSamples;
  private final boolean recorded;
  private final TimeSource time;

  /**
   * Creates a backfill.
   *
   * @param boot the number of the process of the node
   * @param deviceId the id of the device in the fleet
   * @param format the format of its blocks
   * @param blockSamples samples per channel in an ordinary block; a longer one is malformed
   * @param recorded whether the engine records the device
   */
  Backfill(
      Link link,
      String edge,
      long boot,
      String deviceId,
      long epoch,
      PcmFormat format,
      int blockSamples,
      boolean recorded,
      TimeSource time) {
    this.link = link;
    this.edge = edge;
    this.boot = boot;
    this.deviceId = deviceId;
    this.epoch = epoch;
    this.format = format;
    this.blockSamples = blockSamples;
    this.recorded = recorded;
    this.time = time;
  }

  /**
   * An earlier block.
   *
   * @param loss of the samples that are missing before it
   */
  record Earlier(Block block, Loss loss) {}

  /**
   * Returns the blocks that the node has kept, in order. If the device is recorded, those that the
   * node does not have any more are first.
   *
   * @param startIndex index of the next sample that the node publishes, or a lower one
   * @param history how much is needed before that sample
   */
  List<Earlier> blocks(long startIndex, Duration history) {
    long wanted = format.samplesIn(history.toNanos());
    long from = Math.max(0, startIndex - wanted) / blockSamples * blockSamples;
    List<Block> kept = kept(from, wanted / blockSamples + MAX_NEW_BLOCKS);
    long first = kept.isEmpty() ? Long.MAX_VALUE : kept.get(0).getSampleIndex();
    List<Earlier> blocks = new ArrayList<>();
    if (recorded && from < first) {
      blocks.addAll(recorded(from, first, history));
    }
    Loss loss = blocks.isEmpty() ? Loss.OVERRUN : Loss.UPSTREAM;
    for (Block each : kept) {
      blocks.add(new Earlier(each, loss));
      loss = Loss.OVERRUN; // in the hub of the node, only the device has lost some
    }
    return blocks;
  }

  private List<Block> kept(long from, long maxBlocks) {
    long next = from;
    List<Block> blocks = new ArrayList<>();
    long deadline = time.nanoTime() + Timing.BACKFILL.toNanos();
    int unanswered = 0;
    while (blocks.size() < maxBlocks
        && unanswered < MAX_UNANSWERED
        && time.nanoTime() - deadline < 0) {
      List<Block> answer = request(next);
      if (answer == null) {
        unanswered++;
        continue;
      }
      int bytes = 0;
      for (Block each : answer) {
        if (isUsable(each, next)) {
          blocks.add(each);
          bytes += each.getPcm().size();
          next = end(each);
        }
      }
      if (bytes < FULL_BYTES) {
        break;
      }
    }
    return blocks;
  }

  private boolean isUsable(Block block, long from) {
    return block.getEpoch() == epoch
        && block.getSampleIndex() >= from
        && block.getEnded().isEmpty()
        && block.getPcm().size() <= blockSamples * format.bytesPerSampleFrame();
  }

  private long end(Block block) {
    return block.getSampleIndex() + block.getPcm().size() / format.bytesPerSampleFrame();
  }

  /** Returns the recorded blocks from one index to another. */
  private List<Earlier> recorded(long from, long to, Duration history) {
    List<Earlier> blocks = new ArrayList<>();
    long next = from;
    long deviceLost = Long.MAX_VALUE; // until the block before
    for (byte[] payload : readRecorded(history)) {
      Block block = Blocks.decode(payload, format);
      if (block != null && isUsable(block, next) && end(block) <= to) {
        long lost = block.getDeviceLostSamples() - deviceLost;
        blocks.add(
            new Earlier(
                block, lost >= block.getSampleIndex() - next ? Loss.OVERRUN : Loss.UPSTREAM));
        next = end(block);
        deviceLost = block.getDeviceLostSamples();
      }
    }
    return blocks;
  }

  private List<byte[]> readRecorded(Duration history) {
    Duration back = history.plus(NEWER);
    long maxBytes = format.samplesIn(back.toNanos()) * format.bytesPerSampleFrame();
    try {
      return link.recorded(
          Subjects.recorded(Subjects.nodeOf(deviceId), Subjects.localIdOf(deviceId)),
          back,
          (int) Math.min(maxBytes + maxBytes / 4, MAX_RECORDED_BYTES));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }

  /** Returns null if there is no answer. */
  private @Nullable List<Block> request(long fromIndex) {
    try {
      byte[] reply =
          link.request(
              Subjects.control(Subjects.nodeOf(deviceId), edge),
              Messages.fetch(boot, Subjects.localIdOf(deviceId), epoch, fromIndex),
              REQUEST_TIMEOUT);
      return Messages.fetched(reply, format);
    } catch (Link.NoReplyException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
  }
}
