package dev.lavalier.client;

import dev.lavalier.v1.AudioFrame;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One subscription: frames, one after another, until it is closed or the server ends it.
 *
 * <p>A connection that is lost, or a server that stops, is made good by itself, for as long as
 * {@link StreamOptions#reconnect} says: the reader waits, notices tell of the loss and of the
 * return, and the next frame's gap says what is missing. Refusals, and a lost device under {@link
 * OnDeviceLoss#FAIL}, end the stream.
 *
 * <p>One thread reads, by {@link #read} or by a loop. {@link #close} may be called from any thread,
 * more than once; it ends the subscription and releases the reader. A reader that is too slow loses
 * the oldest frames on the server, not here: no more than four messages wait in this object.
 */
public final class FrameStream implements Iterable<Frame>, AutoCloseable {

  private final ResumingCall call;
  private final OverflowPolicy overflowPolicy;
  private final TimeSource timeSource;
  private final Consumer<FrameStream> onClose;

  private volatile long staleFrames;

  // The reading thread alone.
  private QueuingDelayFilter delayFilter; // of this connection; null: no frame yet
  private long prerollEndUnixNanos; // what was captured before that, the server had kept
  private Gap dropped; // here, since the last frame that was returned; null: nothing

  private FrameStream(
      ResumingCall call,
      OverflowPolicy overflowPolicy,
      TimeSource timeSource,
      Consumer<FrameStream> onClose) {
    this.call = call;
    this.overflowPolicy = overflowPolicy;
    this.timeSource = timeSource;
    this.onClose = onClose;
  }

  /** Subscribes; {@code onClose} is run when the stream is closed, or could not be opened. */
  static FrameStream open(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource,
      Consumer<FrameStream> onClose)
      throws LavalierException {
    ResumingCall call = new ResumingCall(connector, server, options, timeSource);
    FrameStream stream = new FrameStream(call, options.overflowPolicy(), timeSource, onClose);
    try {
      call.open();
      return stream;
    } catch (LavalierException e) {
      stream.close();
      throw e;
    }
  }

  /** Returns what the server opened; a later epoch's, once {@link #read} has come to it. */
  public StreamStart start() {
    return call.start();
  }

  /** Sets who is told of notices, on the reading thread, while it reads. */
  public void onNotice(Consumer<Notice> listener) {
    call.onNotice(listener);
  }

  /**
   * Waits for the next frame. A frame that has waited for longer than {@link
   * StreamStart#maxLatency}, since the server read it and beyond what the way takes at best, is
   * dropped here: the next frame's gap counts it. Under {@link OverflowPolicy#CLOSE} it ends the
   * stream instead. An interrupt closes the stream and stays set.
   *
   * @return the frame; null once this stream was closed
   * @throws LavalierException where the server ended the stream, or is gone for too long, or this
   *     was too slow
   */
  public Frame read() throws LavalierException {
    ResumingCall.Arrival arrival;
    while ((arrival = call.take()) != null) {
      Gap gap = ProtoMapper.merge(dropped, arrival.gap());
      if (isStale(arrival)) {
        drop(gap);
      } else {
        dropped = null;
        return ProtoMapper.frame(arrival.frame(), gap);
      }
    }
    return null;
  }

  private boolean isStale(ResumingCall.Arrival arrival) {
    AudioFrame frame = arrival.frame();
    StreamStart start = call.start();
    long captured = frame.getCaptureTimeUnixNanos();
    if (arrival.firstOfConnection()) {
      delayFilter = new QueuingDelayFilter(start.maxLatency().toNanos());
      prerollEndUnixNanos = captured + start.preroll().toNanos();
    }
    return captured >= prerollEndUnixNanos
        && !delayFilter.accept(
            captured + ProtoMapper.readDelayNanos(frame),
            arrival.arrivedNanos(),
            timeSource.nanoTime().getAsLong());
  }

  private void drop(Gap before) throws LavalierException {
    StreamStart start = call.start();
    long stale = staleFrames + 1; // this thread alone writes it
    staleFrames = stale;
    dropped =
        ProtoMapper.merge(before, new Gap(start.frameSize(), Gap.Cause.SLOW_SUBSCRIBER, false));
    if (overflowPolicy == OverflowPolicy.CLOSE) {
      close();
      throw new LavalierException(
          LavalierException.Kind.LIMIT_REACHED,
          "max_latency_ms: %d (expected: frames taken within it; they grew old on the way)"
              .formatted(start.maxLatency().toMillis()),
          null);
    }
  }

  /** Returns how many frames were dropped here because they had become too old. */
  public long staleFrames() {
    return staleFrames;
  }

  /**
   * Returns the frames to come, for a loop; it ends once the stream is closed. {@code hasNext}
   * waits, and throws {@link UncheckedLavalierException} where {@link #read} would throw.
   */
  @Override
  public Iterator<Frame> iterator() {
    return new Iterator<>() {
      private Frame next;

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
