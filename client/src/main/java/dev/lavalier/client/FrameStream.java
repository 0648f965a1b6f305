package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Channel;
import io.grpc.Status;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * One subscription: frames, one after another, until it is closed or the server ends it.
 *
 * <p>One thread reads, by {@link #read} or by a loop. {@link #close} may be called from any thread,
 * more than once; it ends the subscription and releases the reader. A reader that is too slow loses
 * the oldest frames on the server, not here: no more than four messages wait in this object.
 */
public final class FrameStream implements Iterable<Frame>, AutoCloseable {

  private final MessageStream<StreamFramesRequest, StreamFramesResponse> messages;
  private final OverflowPolicy overflowPolicy;
  private final LongSupplier nanoTime;
  private final Runnable onClose;

  private volatile StreamStart start;
  private volatile Consumer<Notice> noticeListener = notice -> {};
  private volatile long staleFrames;

  // The reading thread alone.
  private Freshness freshness; // null: no frame yet
  private Gap dropped; // here, since the last frame that was returned; null: nothing

  private FrameStream(
      MessageStream<StreamFramesRequest, StreamFramesResponse> messages,
      OverflowPolicy overflowPolicy,
      LongSupplier nanoTime,
      Runnable onClose) {
    this.messages = messages;
    this.overflowPolicy = overflowPolicy;
    this.nanoTime = nanoTime;
    this.onClose = onClose;
  }

  /** Subscribes; {@code onClose} is run when the stream is closed, or could not be opened. */
  static FrameStream open(
      Channel channel,
      String server,
      StreamOptions options,
      LongSupplier nanoTime,
      Runnable onClose)
      throws LavalierException {
    FrameStream stream =
        new FrameStream(
            new MessageStream<>(
                channel,
                AudioCaptureGrpc.getStreamFramesMethod(),
                Wire.request(options),
                server,
                nanoTime),
            options.overflowPolicy(),
            nanoTime,
            onClose);
    try {
      while (stream.start == null) {
        StreamFramesResponse message = stream.messages.take();
        if (message == null) {
          throw Wire.exception(Status.UNAVAILABLE.withDescription("the stream was closed"), server);
        }
        stream.noteBesidesAudio(message);
      }
      return stream;
    } catch (LavalierException e) {
      stream.close();
      throw e;
    }
  }

  /** Returns what the server opened; a later epoch's, once {@link #read} has come to it. */
  public StreamStart start() {
    return start;
  }

  /** Sets who is told of notices, on the reading thread, while it reads. */
  public void onNotice(Consumer<Notice> listener) {
    noticeListener = listener;
  }

  /**
   * Waits for the next frame. A frame that has waited for longer than {@link
   * StreamStart#maxLatency}, since the server read it and beyond what the way takes at best, is
   * dropped here: the next frame's gap counts it. Under {@link OverflowPolicy#CLOSE} it ends the
   * stream instead. An interrupt closes the stream and stays set.
   *
   * @return the frame; null once this stream was closed
   * @throws LavalierException where the server ended the stream, or is gone, or this was too slow
   */
  public Frame read() throws LavalierException {
    StreamFramesResponse message;
    while ((message = messages.take()) != null) {
      if (!message.hasFrame()) {
        noteBesidesAudio(message);
      } else if (isStale(message.getFrame())) {
        drop(message.getFrame());
      } else {
        Frame frame = Wire.frame(message.getFrame(), Wire.gap(message.getFrame(), dropped, 0));
        dropped = null;
        return frame;
      }
    }
    return null;
  }

  private boolean isStale(AudioFrame frame) {
    long sent = frame.getCaptureTimeUnixNanos() + Wire.readDelayNanos(frame);
    if (freshness == null) {
      freshness = new Freshness(start.maxLatency().toNanos());
    }
    return !freshness.isFresh(sent, messages.arrivedNanos(), nanoTime.getAsLong());
  }

  private void drop(AudioFrame frame) throws LavalierException {
    long stale = staleFrames + 1; // this thread alone writes it
    staleFrames = stale;
    dropped = Wire.gap(frame, dropped, start.frameSize());
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

  private void noteBesidesAudio(StreamFramesResponse message) throws LavalierException {
    switch (message.getMessageCase()) {
      case STARTED -> start = Wire.start(message.getStarted());
      case NOTICE -> noticeListener.accept(Wire.notice(message.getNotice()));
      case FRAME, MESSAGE_NOT_SET -> {} // what a newer server may send is not for us
    }
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
    messages.close();
    onClose.run();
  }
}
