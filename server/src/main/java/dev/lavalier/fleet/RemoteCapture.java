package dev.lavalier.fleet;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.CaptureListener;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.Period;
import dev.lavalier.common.LogText;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.v1.Block;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Captures a device of a node: each block is a period, with the node's numbers and wall clock. If
 * samples are missing between two blocks, the device lost those that the node counted, and the
 * others were lost on the way. A block that is malformed, not newer than the one before, too late,
 * or too far ahead, is ignored; if it was the only copy, its samples are lost on the way.
 *
 * <p>A thread of the link passes the blocks. {@link #stop} waits until it has passed the current
 * one. Only {@link #kept} blocks, for some seconds.
 */
final class RemoteCapture implements Capture {

  private static final Logger log = LoggerFactory.getLogger(RemoteCapture.class);

  private static final Duration FIRST_BLOCK_TIMEOUT = Duration.ofSeconds(10);

  /** The maximum size of the blocks that arrive before the start: some seconds of any device. */
  private static final long MAX_EARLY_BYTES = 8 << 20;

  /** The memory that a block takes besides its audio, at least. */
  private static final int BLOCK_BYTES = 256;

  private final DeviceDescriptor device;
  private final long epoch;
  private final PcmFormat format;
  private final int blockSamples;
  private final HopClock clock;
  private final NodeTraffic traffic;
  private final TimeSource time;
  private long positionAt; // steady time of the last block, or of the creation; guarded by this
  private final Backfill backfill;
  private final Runnable onClose;
  private Link.@Nullable Registration registration; // set before the capture is used
  private volatile long startIndex;
  private volatile OptionalDouble clockPpm = OptionalDouble.empty();
  private volatile long periods;

  /**
   * A block that arrived before the start.
   *
   * @param now steady time of its arrival
   */
  private record Early(Block block, long now) {
    int bytes() {
      return BLOCK_BYTES + block.getPcm().size();
    }
  }

  // Guarded by this.
  private boolean started;
  private final Deque<Early> early = new ArrayDeque<>();
  private long earlyBytes;
  private @Nullable String lostEarly; // why it was lost before the start
  private @Nullable CaptureListener listener; // null: not started, stopped or lost
  private long expected = -1; // index of the next sample; -1: no block yet
  private long deviceLost; // samples, until the last block
  private boolean muted; // since the last block

  /**
   * Creates a capture that is not started.
   *
   * @param device the device, with the format of the blocks
   * @param blockSamples samples per channel in an ordinary block; a longer one is malformed
   * @param startIndex index of the next sample, or a lower one
   * @param clock of the process of the node
   * @param traffic counts the blocks of the node
   * @param backfill requests earlier blocks
   * @param onClose called once, when it is closed
   */
  RemoteCapture(
      DeviceDescriptor device,
      long epoch,
      int blockSamples,
      long startIndex,
      HopClock clock,
      NodeTraffic traffic,
      Backfill backfill,
      TimeSource time,
      Runnable onClose) {
    this.device = device;
    this.epoch = epoch;
    this.format = device.captureFormat();
    this.blockSamples = blockSamples;
    this.startIndex = startIndex;
    this.clock = clock;
    this.traffic = traffic;
    this.backfill = backfill;
    this.time = time;
    this.positionAt = time.nanoTime();
    this.onClose = onClose;
  }

  /** Sets the registration of {@link #onMessage}, which ends when the capture is closed. */
  void setRegistration(Link.Registration blocks) {
    registration = blocks;
  }

  @Override
  public DeviceDescriptor device() {
    return device;
  }

  @Override
  public PcmFormat format() {
    return format;
  }

  @Override
  public int periodSamples() {
    return blockSamples;
  }

  @Override
  public OptionalLong epoch() {
    return OptionalLong.of(epoch);
  }

  @Override
  public long startIndex() {
    return startIndex;
  }

  @Override
  public Duration maxDelay() {
    return Timing.SILENCE;
  }

  /** Requests the kept blocks of the node, and adds those that arrived meanwhile. */
  @Override
  public List<Period> kept(Duration history) {
    List<Backfill.Earlier> blocks = backfill.blocks(startIndex, history);
    List<Period> kept = new ArrayList<>();
    synchronized (this) {
      long end = 0;
      for (Backfill.Earlier each : blocks) {
        end = addKept(each.block(), end, each.loss(), kept);
      }
      while (!early.isEmpty() && isAudio(early.peek().block())) {
        end = addEarly(removeEarly().block(), end, kept);
      }
      startIndex = Math.max(startIndex, end);
      if (expected < startIndex) {
        expected = -1; // the blocks before it were on their way when the device was opened
      }
    }
    return kept;
  }

  /** Adds a block that says how many samples the device had lost: from then on that is known. */
  private long addEarly(Block block, long end, List<Period> kept) {
    Loss loss = Loss.UPSTREAM;
    if (expected >= 0 && block.getSampleIndex() >= end) {
      loss = reportDeviceLoss(block, localReadNanos(block), kept::add);
    }
    long next = addKept(block, end, loss, kept);
    long samples = block.getPcm().size() / format.bytesPerSampleFrame();
    if (block.getSampleIndex() + samples == next) {
      expected = next;
      deviceLost = Math.max(deviceLost, block.getDeviceLostSamples());
    }
    return next;
  }

  private long localReadNanos(Block block) {
    return clock.toLocal(block.getReadSteadyNanos());
  }

  private long addKept(Block block, long end, Loss loss, List<Period> kept) {
    if (block.getSampleIndex() < end) {
      return end;
    }
    byte[] pcm = block.getPcm().toByteArray();
    Period period = period(block, pcm, block.getSampleIndex(), localReadNanos(block), loss);
    kept.add(period);
    return period.endIndex();
  }

  @Override
  public synchronized void start(CaptureListener receiver) {
    listener = receiver;
    started = true;
    while (!early.isEmpty()) {
      Early each = removeEarly();
      accept(each.block(), each.now());
    }
    if (lostEarly != null) {
      lose(lostEarly);
    }
  }

  @Override
  public synchronized boolean stop(Duration timeout) {
    listener = null;
    started = true;
    early.clear();
    return true;
  }

  @Override
  public long periods() {
    return periods;
  }

  @Override
  public Duration silenceTimeout(boolean first) {
    return first ? FIRST_BLOCK_TIMEOUT : Timing.SILENCE;
  }

  /** The node compares the device's clock with its own. */
  @Override
  public OptionalDouble clockPpm() {
    return clockPpm;
  }

  @Override
  public void close() {
    if (registration != null) {
      registration.close();
    }
    onClose.run();
  }

  /**
   * Reports that the device is lost: now, or when the capture is started. Has no effect if it was
   * stopped.
   */
  synchronized void lose(String reason) {
    CaptureListener receiver = listener;
    listener = null;
    if (receiver != null) {
      receiver.onLost(reason);
    } else if (!started) {
      lostEarly = reason;
    }
  }

  /** Passes a block to the listener, or ignores it. Called by the link. */
  synchronized void onMessage(Link.Message message) {
    if (started && listener == null) {
      return;
    }
    traffic.onQueued(message.queuedNanos());
    Block block = Blocks.decode(message.payload(), format);
    if (block == null) {
      traffic.onIgnored(device.id(), IgnoredBlock.MALFORMED);
    } else if (block.getEpoch() < epoch) {
      traffic.onIgnored(device.id(), IgnoredBlock.OLD_EPOCH);
    } else if (isTooLong(block)) {
      traffic.onIgnored(device.id(), IgnoredBlock.TOO_LONG);
    } else if (isAudio(block) && isAhead(block, time.nanoTime())) {
      traffic.onIgnored(device.id(), IgnoredBlock.AHEAD);
    } else if (started) {
      accept(block, time.nanoTime());
    } else {
      keepEarly(block);
    }
  }

  /** Keeps a block until the start. If there are too many, the oldest ones are dropped. */
  private void keepEarly(Block block) {
    Early added = new Early(block, time.nanoTime());
    early.add(added);
    earlyBytes += added.bytes();
    while (earlyBytes > MAX_EARLY_BYTES) {
      var unused = removeEarly();
    }
  }

  private Early removeEarly() {
    Early first = early.remove();
    earlyBytes -= first.bytes();
    return first;
  }

  /** Returns whether a block has samples of this epoch. */
  private boolean isAudio(Block block) {
    return block.getEpoch() == epoch && block.getEnded().isEmpty();
  }

  /** The last block, and this one, can have waited on the way. */
  private boolean isAhead(Block block, long now) {
    long possible = format.samplesIn(now - positionAt + 2 * Timing.MAX_WAIT.toNanos());
    return clock.isAhead(block.getReadSteadyNanos(), now)
        || block.getSampleIndex() - Math.max(expected, startIndex) > possible;
  }

  private void accept(Block block, long now) {
    CaptureListener receiver = listener;
    if (receiver == null) {
      return; // the block before has ended the capture
    }
    if (block.getEpoch() > epoch) {
      lose("the node has opened it again");
    } else if (!block.getEnded().isEmpty()) {
      lose(LogText.sanitizeAndTruncate(block.getEnded()));
    } else {
      try {
        pass(block, now, receiver);
      } catch (RuntimeException | Error e) { // the device must not stay open without a capture
        log.warn("processing {} failed", device.id(), e);
        lose("processing its audio failed: " + e);
      }
    }
  }

  /** The history of the hub and its memory are planned for periods of this length. */
  private boolean isTooLong(Block block) {
    return block.getPcm().size() > blockSamples * format.bytesPerSampleFrame();
  }

  private void pass(Block block, long now, CaptureListener receiver) {
    long waited = clock.waited(block.getReadSteadyNanos(), now);
    long index = block.getSampleIndex();
    if (index < Math.max(expected, startIndex)) {
      if (periods > 0) { // before, it is kept already, or was on its way when the device was opened
        traffic.onIgnored(device.id(), IgnoredBlock.REPEATED);
      }
      return;
    }
    if (waited > Timing.MAX_WAIT.toNanos()) {
      traffic.onIgnored(device.id(), IgnoredBlock.LATE);
      return;
    }
    traffic.onReceived(waited);
    long readNanos = now - waited;
    byte[] pcm = block.getPcm().toByteArray();
    Loss loss =
        expected < 0 ? Loss.UPSTREAM : reportDeviceLoss(block, readNanos, receiver::onPeriod);
    deviceLost = Math.max(deviceLost, block.getDeviceLostSamples());
    Period period = period(block, pcm, index, readNanos, loss);
    expected = period.endIndex();
    positionAt = now;
    receiver.onPeriod(period);
    if (block.hasClockPpm()) {
      clockPpm = OptionalDouble.of(block.getClockPpm());
    }
    if (block.getMuted() != muted) {
      muted = block.getMuted();
      receiver.onSilence(muted);
    }
    long count = periods + 1; // only the link, and start(), write it
    periods = count;
  }

  /**
   * Returns the loss that precedes a block. If there are two, reports that of the device first,
   * with a period without samples.
   */
  private Loss reportDeviceLoss(Block block, long readNanos, Consumer<Period> receiver) {
    long missing = block.getSampleIndex() - expected;
    long byDevice = Math.min(missing, block.getDeviceLostSamples() - deviceLost);
    traffic.onMissing(missing - Math.max(0, byDevice));
    if (byDevice > 0 && byDevice < missing) {
      long index = expected + byDevice;
      receiver.accept(period(block, new byte[0], index, readNanos, Loss.OVERRUN));
    }
    return byDevice > 0 && byDevice == missing ? Loss.OVERRUN : Loss.UPSTREAM;
  }

  /**
   * Returns a period of a block, or an empty one at an earlier index.
   *
   * @param readNanos when the node had read it, as steady time of this machine
   */
  private Period period(Block block, byte[] pcm, long index, long readNanos, Loss loss) {
    long earlier = format.nanosOf(block.getSampleIndex()) - format.nanosOf(index);
    Period period =
        new Period(
            pcm,
            pcm.length / format.bytesPerSampleFrame(),
            index,
            readNanos - block.getReadDelayNanos() - earlier,
            block.getCaptureUnixNanos() - earlier,
            readNanos,
            loss);
    return period.waited(Math.max(0, time.nanoTime() - readNanos));
  }
}
