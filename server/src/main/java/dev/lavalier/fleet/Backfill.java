package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Block;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Requests the audio of one epoch that its node has kept, and what the engine has recorded before
 * that. Used by one thread, which it blocks for 3 s at most.
 */
final class Backfill {

  private static final Duration REQUEST_TIMEOUT = Duration.ofMillis(500);

  /** The node has no more if an answer is smaller: it has only what was captured meanwhile. */
  private static final int FULL_BYTES = Messages.MAX_FETCHED_BYTES / 2;

  /** The length of a recorded block without its audio, at most. */
  private static final int BLOCK_BYTES = 128;

  private static final int MAX_RECORDED_BYTES = 128 << 20;

  /** Blocks that are captured while the others are requested. */
  private static final int MAX_NEW_BLOCKS = 1_000;

  private final Link link;
  private final String edge;
  private final String deviceId;
  private final long epoch;
  private final PcmFormat format;
  private final int blockSamples;
  private final Optional<String> recordedSubject;
  private final TimeSource time;

  /**
   * Creates a backfill.
   *
   * @param deviceId the id of the device in the fleet
   * @param format the format of its blocks
   * @param blockSamples samples per channel in an ordinary block; a longer one is malformed
   * @param recordedSubject the subject of its blocks, if the engine records it
   */
  Backfill(
      Link link,
      String edge,
      String deviceId,
      long epoch,
      PcmFormat format,
      int blockSamples,
      Optional<String> recordedSubject,
      TimeSource time) {
    this.link = link;
    this.edge = edge;
    this.deviceId = deviceId;
    this.epoch = epoch;
    this.format = format;
    this.blockSamples = blockSamples;
    this.recordedSubject = recordedSubject;
    this.time = time;
  }

  /**
   * Earlier blocks, each list in order.
   *
   * @param recorded those that the engine has recorded. What is missing between them was lost on
   *     the way
   * @param kept those that the node has kept after them. What is missing between them was lost by
   *     the device
   */
  record Earlier(List<Block> recorded, List<Block> kept) {}

  /**
   * Returns earlier blocks.
   *
   * @param startIndex index of the next sample that the node publishes, or a lower one
   * @param history how much is needed before that sample
   */
  Earlier blocks(long startIndex, Duration history) {
    long wanted = format.samplesIn(history.toNanos());
    long from = Math.max(0, startIndex - wanted) / blockSamples * blockSamples;
    List<Block> kept = kept(from, wanted);
    long end = kept.isEmpty() ? startIndex : kept.get(0).getSampleIndex();
    return new Earlier(from < end ? recorded(from, end, history) : List.of(), kept);
  }

  private List<Block> recorded(long from, long end, Duration history) {
    if (recordedSubject.isEmpty()) {
      return List.of();
    }
    long wanted = format.samplesIn(history.toNanos());
    long bytes = wanted * format.bytesPerSampleFrame() + wanted / blockSamples * BLOCK_BYTES;
    List<byte[]> payloads;
    try {
      payloads =
          link.recorded(recordedSubject.get(), history, (int) Math.min(bytes, MAX_RECORDED_BYTES));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    List<Block> blocks = new ArrayList<>();
    long next = from;
    for (byte[] each : payloads) {
      Block block = Blocks.decode(each, format);
      if (block != null && isNext(block, next) && endIndex(block) <= end) {
        blocks.add(block);
        next = endIndex(block);
      }
    }
    return blocks;
  }

  /** Returns whether a block has samples of the epoch from an index on. */
  private boolean isNext(Block block, long index) {
    return block.getEpoch() == epoch
        && block.getSampleIndex() >= index
        && block.getEnded().isEmpty()
        && block.getPcm().size() <= blockSamples * format.bytesPerSampleFrame();
  }

  private long endIndex(Block block) {
    return block.getSampleIndex() + block.getPcm().size() / format.bytesPerSampleFrame();
  }

  private List<Block> kept(long from, long wanted) {
    long next = from;
    long maxBlocks = wanted / blockSamples + MAX_NEW_BLOCKS;
    List<Block> blocks = new ArrayList<>();
    long deadline = time.nanoTime() + Timing.BACKFILL.toNanos();
    while (blocks.size() < maxBlocks && time.nanoTime() - deadline < 0) {
      int bytes = 0;
      for (Block each : request(next)) {
        if (isNext(each, next)) {
          blocks.add(each);
          bytes += each.getPcm().size();
          next = endIndex(each);
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
