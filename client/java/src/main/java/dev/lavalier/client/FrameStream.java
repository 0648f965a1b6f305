package dev.lavalier.client;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One subscription: a sequence of frames, until it is closed or the server ends it.
 *
 * <p>If the connection is lost or the server stops, the stream reconnects by itself for up to
 * {@link StreamOptions#reconnect}: the reader waits, notices report the loss and the reconnection,
 * and the next frame's gap counts the missing samples. A rejected call, or a lost device under
 * {@link OnDeviceLoss#FAIL}, ends the stream.
 *
 * <p>If no frame is read for 30 s, or the time that the operator chose, the server ends the stream.
 * The next {@link #read} then resumes it in the same way, and the samples that the server does not
 * have any more are a gap of the cause {@link Gap.Cause#SLOW_SUBSCRIBER}. Under {@link
 * OverflowPolicy#CLOSE}, or without reconnection, {@link #read} throws instead.
 *
 * <p>One thread reads, with {@link #read} or with a loop. {@link #close} may be called from any
 * thread, more than once; it ends the subscription, and a waiting reader returns. If a reader is
 * too slow, the server drops the oldest frames: this object buffers at most four messages.
 */
public final class FrameStream implements Iterable<Frame>, AutoCloseable {

  private final ResumingCall call;
  private final OverflowPolicy overflowPolicy;
  private final Consumer<FrameStream> onClose;

  private volatile long staleFrames;

  // Used only by the reading thread.
  private @Nullable Gap dropped; // by this client since the last returned frame; null: none

  private FrameStream(
      ResumingCall call, OverflowPolicy overflowPolicy, Consumer<FrameStream> onClose) {
    this.call = call;
    this.overflowPolicy = overflowPolicy;
    this.onClose = onClose;
  }

  /**
   * Subscribes.
   *
   * @param timeoutNanos how long to wait until the device is open
   * @param onOpen runs before the call starts, and may close the stream
   * @param onClose runs when the stream is closed or could not be opened
   */
  static FrameStream open(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource,
      long timeoutNanos,
      Consumer<FrameStream> onOpen,
      Consumer<FrameStream> onClose)
      throws LavalierException {
    ResumingCall call = new ResumingCall(connector, server, options, timeSource);
    FrameStream stream = new FrameStream(call, options.overflowPolicy(), onClose);
    onOpen.accept(stream);
    try {
      call.open(timeoutNanos);
      return stream;
    } catch (LavalierException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /**
   * Returns the parameters of the current epoch; they change when {@link #read} reaches a later
   * epoch. Safe for use from any thread.
   */
  public StreamStart start() {
    return call.start();
  }

  /** Sets the listener for notices. It runs on the reading thread during {@link #read}. */
  public void onNotice(Consumer<Notice> listener) {
    call.onNotice(listener);
  }

  /** Sets a listener for the end of a connection or of this stream. It runs on any thread. */
  void onEnd(Runnable listener) {
    call.onEnd(listener);
  }

  /**
   * Returns whether this stream was closed, without waiting. For the reading thread.
   *
   * @throws LavalierException if the server ended the stream, no frame waits to be read, and the
   *     next {@link #read} would not resume the stream
   */
  boolean pollEnd() throws LavalierException {
    return call.pollEnd();
  }

  /**
   * Waits for the next frame. This client drops a frame that has waited longer than {@link
   * StreamStart#maxLatency} since the server read it, not counting the shortest transfer time seen;
   * the next frame's gap counts its samples. The age is measured by steady clocks, so a wall clock
   * that is set does not expire frames. Under {@link OverflowPolicy#CLOSE} such a frame ends the
   * stream instead.
   *
   * @return the frame; null after this stream or its client was closed
   * @throws LavalierException if the server ended the stream, if it was unreachable for longer than
   *     {@link StreamOptions#reconnect}, if this client was too slow under {@link
   *     OverflowPolicy#CLOSE}, or if a packet cannot be decoded; {@link
   *     LavalierException.Kind#INTERRUPTED} if the thread was interrupted, which closes the stream
   */
  public @Nullable Frame read() throws LavalierException {
    ResumingCall.Arrival arrival;
    while ((arrival = call.take()) != null) {
      Gap gap = ProtoMapper.merge(dropped, arrival.gap());
      if (arrival.expired()) {
        drop(gap);
      } else {
        dropped = null;
        return ProtoMapper.frame(call.start(), arrival.frame(), gap, call.decoder());
      }
    }
    return null;
  }

  private void drop(@Nullable Gap before) throws LavalierException {
    StreamStart start = call.start();
    long expired = staleFrames + 1; // only this thread writes it
    staleFrames = expired;
    dropped =
        ProtoMapper.merge(before, new Gap(start.frameSize(), Gap.Cause.SLOW_SUBSCRIBER, false));
    if (overflowPolicy == OverflowPolicy.CLOSE) {
      close();
      throw new LavalierException(
          LavalierException.Kind.LIMIT_REACHED,
          "max_latency_ms: %s (expected: frames read in time; they exceeded it in transit)"
              .formatted(start.maxLatency().toMillis()),
          null);
    }
  }

  /**
   * Returns the number of expired frames that this client dropped. Safe for use from any thread.
   */
  public long staleFrames() {
    return staleFrames;
  }

  /**
   * Returns an iterator over the next frames; it ends when the stream is closed. {@code hasNext}
   * waits, and throws {@link UncheckedLavalierException} if {@link #read} would throw.
   */
  @Override
  public Iterator<Frame> iterator() {
    return new Iterator<>() {
      private @Nullable Frame next;

      @Override
      public boolean hasNext() {
        if (next == null) {
          try {
            next = read();
          } catch (LavalierException e) {
            throw new UncheckedLavalierException(e);
          }
        }
        return next != null;
      }

      @Override
      public Frame next() {
        if (!hasNext()) {
          throw new NoSuchElementException("the stream was closed");
        }
        Frame frame = next;
        next = null;
        return frame;
      }
    };
  }

  /** Ends the subscription. */
  @Override
  public void close() {
    call.close();
    onClose.accept(this);
  }
}
