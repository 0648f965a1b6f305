package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import io.grpc.Channel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The levels of a device, interval by interval, without audio. It does not reconnect: if the
 * connection is lost, {@link #read} throws, and the caller opens another stream.
 *
 * <p>One thread reads. {@link #close} may be called from any thread, more than once; it ends the
 * subscription, and a waiting reader then returns. If a reader is too slow, older intervals wait in
 * the connection: see {@link AudioLevels#captureTimeUnixNanos}.
 */
public final class LevelStream implements AutoCloseable {

  private final MessageStream<StreamLevelsRequest, StreamLevelsResponse> messages;
  private final Runnable onTimeout;
  private final Consumer<LevelStream> onClose;
  private volatile Consumer<Notice> noticeListener = notice -> {};
  private volatile @Nullable StreamStart start; // null: until the stream has started

  /**
   * Starts the call. {@link #open} waits for the answer.
   *
   * @param answerTimeoutNanos how long {@link #open} waits
   * @param onTimeout runs if the server did not answer in that time
   * @param onClose runs when the stream is closed
   */
  LevelStream(
      Channel channel,
      Endpoint server,
      LevelOptions options,
      TimeSource timeSource,
      long answerTimeoutNanos,
      Runnable onTimeout,
      Consumer<LevelStream> onClose) {
    this.onTimeout = onTimeout;
    this.onClose = onClose;
    messages =
        new MessageStream<>(
            channel,
            AudioCaptureGrpc.getStreamLevelsMethod(),
            ProtoMapper.request(options),
            server,
            timeSource,
            answerTimeoutNanos,
            end -> {});
  }

  /**
   * Waits until the device is open. Called once, before all other methods.
   *
   * @throws LavalierException if the server does not answer or rejects the request, this stream was
   *     closed meanwhile, or the thread was interrupted
   */
  void open() throws LavalierException {
    while (start == null) {
      StreamLevelsResponse message = take();
      if (message == null) {
        throw Endpoint.closedStream();
      }
      handle(message);
    }
  }

  /**
   * Returns the parameters of the current epoch: {@link StreamStart#frameSize} is the number of
   * samples in an interval. They change when {@link #read} reaches a later epoch. Safe for use from
   * any thread.
   */
  public StreamStart start() {
    return start;
  }

  /**
   * Sets the listener for notices. It runs on the reading thread during {@link #read}. An exception
   * of the listener goes to the thread's handler for uncaught exceptions and has no other effect.
   */
  public void onNotice(Consumer<Notice> listener) {
    noticeListener = listener;
  }

  /**
   * Waits for the next interval.
   *
   * @return the levels; null after this stream or its client was closed
   * @throws LavalierException if the server ended the stream, or the connection is lost; {@link
   *     LavalierException.Kind#INTERRUPTED} if the thread was interrupted, which closes the stream
   */
  public @Nullable AudioLevels read() throws LavalierException {
    StreamLevelsResponse message;
    while ((message = take()) != null) {
      if (message.hasLevels()) {
        return ProtoMapper.levels(message.getLevels());
      }
      handle(message);
    }
    return null;
  }

  /** Handles a message without levels; ignores those that only newer clients know. */
  private void handle(StreamLevelsResponse message) throws LavalierException {
    if (message.hasStarted()) {
      try {
        start = ProtoMapper.start(message.getStarted());
      } catch (LavalierException e) {
        close(); // what follows would have the start of another epoch
        throw e;
      }
    } else if (message.hasNotice()) {
      Notice notice = ProtoMapper.notice(message.getNotice());
      Callbacks.run(() -> noticeListener.accept(notice));
    }
  }

  private @Nullable StreamLevelsResponse take() throws LavalierException {
    try {
      return messages.take();
    } catch (LavalierException e) {
      if (messages.timedOut()) {
        onTimeout.run();
      }
      if (e.kind() == LavalierException.Kind.INTERRUPTED) {
        close();
      }
      throw e;
    }
  }

  /** Ends the subscription. */
  @Override
  public void close() {
    messages.close();
    onClose.accept(this);
  }
}
