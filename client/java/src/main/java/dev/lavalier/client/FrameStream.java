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
 * <p>One thread reads, with {@link #read} or with a loop, or a {@link FramePublisher} does. {@link
 * #close} may be called from any thread, more than once; it ends the subscription, and a waiting
 * reader returns. If a reader is too slow, the server drops the oldest frames: this object buffers
 * at most four messages.
 */
public final class FrameStream implements Iterable<Frame>, AutoCloseable {

  /** The client of a stream. */
  interface Owner {
    /** Runs before the call starts, and may close the stream. */
    void opening(FrameStream stream);

    /** Runs when the stream is closed or could not be opened. */
    void closed(FrameStream stream);

    /** Runs as {@link ConnectionListener} says. */
    void connectionChanged(FrameStream stream, ConnectionState state);
  }

  private final ResumingCall call;
  private final OverflowPolicy overflowPolicy;
  private final TimeSource timeSource;
  private final StreamCounters counters = new StreamCounters();
  private final ConnectionStates states;

  // Used only by the reading thread.
  private @Nullable Gap dropped; // by this client since the last returned frame; null: none

  private FrameStream(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource,
      Owner owner) {
    this.overflowPolicy = options.overflowPolicy();
    this.timeSource = timeSource;
    this.states = new ConnectionStates(state -> owner.connectionChanged(this, state));
    this.call =
        new ResumingCall(
            connector, server, options, timeSource, counters, states, () -> owner.closed(this));
  }

  /**
   * Subscribes.
   *
   * @param timeoutNanos how long to wait until the device is open
   */
  static FrameStream open(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource,
      long timeoutNanos,
      Owner owner)
      throws LavalierException {
    FrameStream stream = new FrameStream(connector, server, options, timeSource, owner);
    owner.opening(stream);
    try {
      stream.call.open(timeoutNanos);
      return stream;
    } catch (LavalierException | RuntimeException e) {
      stream.close();
      throw e;
    }
  }

  /**
   * Returns the parameters of the current epoch; they change when {@link #read} reaches a later
   * epoch. Safe for use from any thread.
   *
   * @throws IllegalStateException if a {@link ConnectionListener} calls it before the stream is
   *     {@link ConnectionState#READY}
   */
  public StreamStart start() {
    StreamStart start = call.start();
    if (start == null) {
      throw new IllegalStateException("stream: not started (expected: a stream that is READY)");
    }
    return start;
  }

  /** Returns the state of the connection. Safe for use from any thread. */
  public ConnectionState connectionState() {
    return states.state();
  }

  /** Returns what this stream has received so far. Safe for use from any thread. */
  public StreamStats stats() {
    return counters.snapshot();
  }

  /**
   * Sets the listener for notices. It runs on the reading thread during {@link #read}, or as the
   * signals of a {@link FramePublisher}. An exception of the listener goes to the thread's handler
   * for uncaught exceptions and has no other effect.
   */
  public void onNotice(Consumer<Notice> listener) {
    call.onNotice(listener);
  }

  /**
   * Sets a listener for arrived messages, the end of a connection and the end of this stream. It
   * runs on any thread and does not block.
   */
  void onArrival(Runnable listener) {
    call.onArrival(listener);
  }

  boolean isClosed() {
    return call.isClosed();
  }

  /**
   * Continues as {@link #read}, but without waiting.
   *
   * @param wanted whether to return a frame, and to connect again for it
   * @return the frame; null if it has not arrived or is not wanted, or this stream was closed
   */
  @Nullable Frame poll(boolean wanted) throws LavalierException {
    ResumingCall.Arrival arrival;
    while ((arrival = call.poll(wanted)) != null) {
      Frame frame = accept(arrival);
      if (frame != null) {
        return frame;
      }
    }
    return null;
  }

  /** Returns what {@link #poll} waits for, if it has a time limit; null: it has none. */
  @Nullable Wait pendingWait() {
    return call.pendingWait();
  }

  /** Returns the timer for {@link #pendingWait}. */
  TimeSource.Timer timer() {
    return timeSource.timer();
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
   *     OverflowPolicy#CLOSE}, or if a packet cannot be decoded, which closes the stream; {@link
   *     LavalierException.Kind#INTERRUPTED} if the thread was interrupted, which closes it too
   */
  public @Nullable Frame read() throws LavalierException {
    ResumingCall.Arrival arrival;
    while ((arrival = call.take()) != null) {
      Frame frame = accept(arrival);
      if (frame != null) {
        return frame;
      }
    }
    return null;
  }

  /** Returns an arrived frame for the program; null if it has expired. */
  private @Nullable Frame accept(ResumingCall.Arrival arrival) throws LavalierException {
    counters.arrived(arrival.frame());
    Gap gap = ProtoMapper.merge(dropped, arrival.gap());
    if (arrival.expired()) {
      drop(gap);
      return null;
    }
    dropped = null;
    try {
      Frame frame = ProtoMapper.frame(start(), arrival.frame(), gap, call.decoder());
      counters.delivered(frame.sampleCount(), gap);
      return frame;
    } catch (LavalierException e) {
      close(); // no gap would count this frame
      throw e;
    }
  }

  private void drop(@Nullable Gap before) throws LavalierException {
    StreamStart start = start();
    counters.stale();
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
   * Returns the number of expired frames that this client dropped, as {@link #stats} does. Safe for
   * use from any thread.
   */
  public long staleFrames() {
    return stats().staleFrames();
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
  }
}
