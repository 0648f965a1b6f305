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
 * Somebody who listens in the background and keeps the books: in each epoch, what came and what was
 * said to be missing must make up the sample indexes.
 */
final class Listening implements AutoCloseable {

  private final LavalierClient client;
  private final FrameStream stream;
  private final Thread thread;

  // All guarded by this.
  private final List<Long> epochs = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private final List<Notice> notices = new ArrayList<>();
  private long frames;
  private long epochFrames;
  private long next;
  private long firstFrameNanos; // of this epoch
  private Throwable failure;

  Listening(ServerProcess server, StreamOptions options) throws LavalierException {
    this(server.client(), options);
  }

  /** With a client that is closed in the end. */
  Listening(LavalierClient client, StreamOptions options) throws LavalierException {
    this.client = client;
    stream = client.stream(options);
    stream.onNotice(this::note);
    thread = new Thread(this::listen, "listening");
    thread.start();
  }

  private synchronized void note(Notice notice) {
    notices.add(notice);
    notifyAll();
  }

  private void listen() {
    try {
      Frame frame;
      while ((frame = stream.read()) != null) {
        enter(frame);
      }
    } catch (LavalierException | RuntimeException e) {
      synchronized (this) {
        failure = e;
        notifyAll();
      }
    }
  }

  private synchronized void enter(Frame frame) {
    long epoch = stream.start().epoch();
    if (epochs.isEmpty() || epochs.get(epochs.size() - 1) != epoch) {
      epochs.add(epoch);
      epochFrames = 0;
      firstFrameNanos = System.nanoTime();
    } else {
      long missing = frame.gap().map(Gap::sampleCount).orElse(0L);
      if (frame.sampleIndex() != next + missing) {
        throw new IllegalStateException(
            frame.sampleIndex() + " (expected: " + next + " + " + missing + ")");
      }
    }
    frame.gap().ifPresent(gaps::add);
    next = frame.sampleIndex() + stream.start().frameSize();
    frames++;
    epochFrames++;
    notifyAll();
  }

  private synchronized void await(long seconds, String what, BooleanSupplier condition)
      throws InterruptedException, TimeoutException {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!condition.getAsBoolean()) {
      if (failure != null) {
        throw new AssertionError(failure);
      }
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw new TimeoutException(
            "no %s: epochs %s, frames %d, gaps %s, notices %s"
                .formatted(what, epochs, frames, gaps, notices));
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
  }

  /** Waits for so many more frames. */
  synchronized void awaitFrames(int count) throws InterruptedException, TimeoutException {
    long wanted = frames + count;
    await(20 + count / 50, "frames", () -> frames >= wanted);
  }

  /** Waits for a notice. */
  void awaitNotice(Notice.Kind kind) throws InterruptedException, TimeoutException {
    await(20, "notice", () -> notices.stream().anyMatch(n -> n.kind() == kind));
  }

  /** Waits until so many epochs have brought frames; returns when the last one's first came. */
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

  /** Returns the sample that should come next in this epoch. */
  synchronized long position() {
    return next;
  }

  /** Ends it, and fails where the books did not balance. */
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
