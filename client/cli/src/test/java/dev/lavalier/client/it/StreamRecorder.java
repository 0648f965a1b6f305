package dev.lavalier.client.it;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.Notice;
import dev.lavalier.client.StreamOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * A subscriber in the background that checks the sample indexes: in each epoch, the received
 * samples and the reported missing samples must add up.
 */
final class StreamRecorder implements AutoCloseable {

  private final LavalierClient client;
  private final FrameStream stream;
  private final Thread thread;

  // All guarded by this.
  private final List<Long> epochs = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private long frames;
  private long epochFrames;
  private long nextIndex;
  private long firstFrameNanos; // arrival of the first frame of this epoch
  private Throwable failure;

  StreamRecorder(ServerProcess server, StreamOptions options) throws LavalierException {
    this(server.client(), options);
  }

  /** Creates a recorder; it closes {@code client} at the end. */
  StreamRecorder(LavalierClient client, StreamOptions options) throws LavalierException {
    this.client = client;
    stream = client.stream(options);
    stream.onNotice(this::onNotice);
    thread = new Thread(this::readFrames, "listening");
    thread.start();
  }

  private synchronized void onNotice(Notice notice) {
    notices.add(notice);
    notifyAll();
  }

  private void readFrames() {
    try {
      Frame frame;
      while ((frame = stream.read()) != null) {
        onFrame(frame);
      }
    } catch (LavalierException | RuntimeException e) {
      synchronized (this) {
        failure = e;
        notifyAll();
      }
    }
  }

  private synchronized void onFrame(Frame frame) {
    long epoch = stream.start().epoch();
    if (epochs.isEmpty() || epochs.get(epochs.size() - 1) != epoch) {
      epochs.add(epoch);
      epochFrames = 0;
      firstFrameNanos = System.nanoTime();
    } else {
      long missing = frame.gap().map(Gap::sampleCount).orElse(0L);
      if (frame.sampleIndex() != nextIndex + missing) {
        throw new IllegalStateException(
            frame.sampleIndex() + " (expected: " + nextIndex + " + " + missing + ")");
      }
    }
    frame.gap().ifPresent(gaps::add);
    nextIndex = frame.sampleIndex() + stream.start().frameSize();
    frames++;
    epochFrames++;
    notifyAll();
  }

  private synchronized void await(long seconds, String description, BooleanSupplier condition)
      throws InterruptedException, TimeoutException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.getAsBoolean()) {
      if (failure != null) {
        throw new AssertionError(failure);
      }
      long remaining = deadline - System.nanoTime();
      if (remaining <= 0) {
        throw new TimeoutException(
            "no %s: epochs %s, frames %d, gaps %s, notices %s"
                .formatted(description, epochs, frames, gaps, notices));
      }
      TimeUnit.NANOSECONDS.timedWait(this, remaining);
    }
  }

  /** Waits for {@code count} more frames. */
  synchronized void awaitFrames(int count) throws InterruptedException, TimeoutException {
    long targetFrames = frames + count;
    await(20 + count / 50, "frames", () -> frames >= targetFrames);
  }

  /** Waits for a notice. */
  void awaitNotice(Notice.Kind kind) throws InterruptedException, TimeoutException {
    await(20, "notice", () -> notices.stream().anyMatch(n -> n.kind() == kind));
  }

  /**
   * Waits until {@code count} epochs have had frames; returns the arrival time of the last epoch's
   * first frame.
   */
  long awaitEpochs(int count, long seconds) throws InterruptedException, TimeoutException {
    await(seconds, "epoch", () -> epochs.size() >= count && epochFrames >= 50);
    synchronized (this) {
      return firstFrameNanos;
    }
  }

  synchronized List<Gap> gaps() {
    return List.copyOf(gaps);
  }

  synchronized int epochs() {
    return epochs.size();
  }

  synchronized List<Notice> notices() {
    return List.copyOf(notices);
  }

  /** Returns the index of the next expected sample in this epoch. */
  synchronized long position() {
    return nextIndex;
  }

  /** Ends the stream and fails if the sample indexes did not add up. */
  @Override
  public void close() {
    stream.close();
    Uninterruptibles.joinUninterruptibly(thread);
    client.close();
    if (failure != null) {
      throw new AssertionError(failure);
    }
  }
}
