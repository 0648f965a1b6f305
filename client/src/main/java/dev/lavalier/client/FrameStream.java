package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Channel;
import io.grpc.Status;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Consumer;

/**
 * One subscription: frames, one after another, until it is closed or the server ends it.
 *
 * <p>One thread reads, by {@link #read} or by a loop. {@link #close} may be called from any thread,
 * more than once; it ends the subscription and releases the reader. A reader that is too slow loses
 * the oldest frames on the server, not here: no more than four messages wait in this object.
 */
public final class FrameStream implements Iterable<Frame>, AutoCloseable {

  private final MessageStream<StreamFramesRequest, StreamFramesResponse> messages;

  private volatile StreamStart start;
  private volatile Consumer<Notice> noticeListener = notice -> {};

  private FrameStream(MessageStream<StreamFramesRequest, StreamFramesResponse> messages) {
    this.messages = messages;
  }

  static FrameStream open(Channel channel, String server, StreamOptions options)
      throws LavalierException {
    FrameStream stream =
        new FrameStream(
            new MessageStream<>(
                channel, AudioCaptureGrpc.getStreamFramesMethod(), Wire.request(options), server));
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
   * Waits for the next frame. An interrupt closes the stream and stays set.
   *
   * @return the frame; null once this stream was closed
   * @throws LavalierException where the server ended the stream, or is gone
   */
  public Frame read() throws LavalierException {
    StreamFramesResponse message;
    while ((message = messages.take()) != null) {
      if (message.hasFrame()) {
        return Wire.frame(message.getFrame());
      }
      noteBesidesAudio(message);
    }
    return null;
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
  }
}
