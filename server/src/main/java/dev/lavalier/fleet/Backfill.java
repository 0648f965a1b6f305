package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
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

  /** What is recorded while the device is being opened. */
  private static final Duration NEWER = Duration.ofSeconds(2);

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
   * An earlier block.
   *
   * @param loss of the samples that are missing before it
   */
  record Earlier(Block block, Loss loss) {}

  /**
   * Returns earlier blocks, in order: those that the engine has recorded, and then those that the
   * node has kept.
   *
   * @param startIndex index of the next sample that the node publishes, or a lower one
   * @param history how much is needed before that sample
   */
  List<Earlier> blocks(long startIndex, Duration history) {
    long wanted = format.samplesIn(history.toNanos());
    long from = Math.max(0, startIndex - wanted) / blockSamples * blockSamples;
    List<Block> kept = kept(from, wanted);
    // Without kept blocks, the recording also has those that were published before this edge
    // listened.
    long end = kept.isEmpty() ? Long.MAX_VALUE : kept.get(0).getSampleIndex();
    List<Earlier> blocks = new ArrayList<>();
    if (from < end) {
      blocks.addAll(recorded(from, end, history.plus(NEWER)));
    }
    Loss loss = blocks.isEmpty() ? Loss.OVERRUN : Loss.UPSTREAM;
    for (Block each : kept) {
      blocks.add(new Earlier(each, loss));
      loss = Loss.OVERRUN; // in the hub of the node, only the device has lost some
    }
    return blocks;
  }

  private List<Earlier> recorded(long from, long end, Duration back) {
    if (recordedSubject.isEmpty()) {
      return List.of();
    }
    long wanted = format.samplesIn(back.toNanos());
    long bytes = wanted * format.bytesPerSampleFrame() + wanted / blockSamples * BLOCK_BYTES;
    List<byte[]> payloads;
    try {
      payloads =
          link.recorded(recordedSubject.get(), back, (int) Math.min(bytes, MAX_RECORDED_BYTES));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    List<Earlier> blocks = new ArrayList<>();
    long next = from;
    long deviceLost = Long.MAX_VALUE; // until the block before
    for (byte[] each : payloads) {
      Block block = Blocks.decode(each, format);
      if (block != null && isNext(block, next) && endIndex(block) <= end) {
        boolean byDevice =
            block.getDeviceLostSamples() - deviceLost >= block.getSampleIndex() - next;
        blocks.add(new Earlier(block, byDevice ? Loss.OVERRUN : Loss.UPSTREAM));
        next = endIndex(block);
        deviceLost = block.getDeviceLostSamples();
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
