package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The frames of one subscription, across any number of connections.
 *
 * <p>If a connection is lost, the call retries with the waits of {@link Reconnection}. A new
 * connection requests the same frames from the point where the old one ended. If the server rejects
 * it because of a limit, the call requests shorter queues at once, because the server may not have
 * the memory any more. A connection is lost, too, if the server does not answer in time, or if it
 * ended the stream because it was not read. One thread takes frames and waits for reconnections;
 * {@link #close} may be called from any thread, more than once.
 */
final class ResumingCall implements AutoCloseable {

  /** If the server refuses a queue, the next request is for this part of it. */
  private static final int QUEUE_DIVISOR = 4;

  /** No shorter queue is requested, and none of less than two frames: the server's default. */
  private static final Duration SHORTEST_QUEUE = Duration.ofMillis(200);

  /**
   * A received frame.
   *
   * @param frame the frame as sent
   * @param gap the gap before the frame; null: none
   * @param expired whether the frame has waited longer than {@link StreamStart#maxLatency}
   */
  record Arrival(AudioFrame frame, @Nullable Gap gap, boolean expired) {}

  private final Supplier<Connection> connector;
  private final Endpoint server;
  private final StreamOptions options;
  private final TimeSource timeSource;
  private final CountDownLatch closed = new CountDownLatch(1);

  private volatile @Nullable StreamStart start; // null before the first epoch
  private volatile Consumer<Notice> noticeListener = notice -> {};
  private volatile Runnable endListener = () -> {};

  // The taking thread replaces them under this object's lock; any thread may close them.
  // Both are null before the first connection.
  private @Nullable Connection connection;
  private @Nullable MessageStream<StreamFramesRequest, StreamFramesResponse> messages;

  // Used only by the taking thread.
  private final StreamPosition position = new StreamPosition();
  private @Nullable PacketDecoder decoder; // of this epoch; null: its frames are not decoded
  private @Nullable FrameAges ages; // of this connection; null before its first frame
  private boolean deviceLossEndsCall; // the server reported a device loss that ends the call
  private final Reconnection reconnection; // active until a frame arrives
  private Gap.Cause missingCause = Gap.Cause.NOT_KEPT; // of what is missing when the call resumes
  private boolean resumeRequested; // the last request has a resume point
  private Duration queue; // of the last request

  ResumingCall(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource) {
    this.connector = connector;
    this.server = server;
    this.options = options;
    this.timeSource = timeSource;
    this.reconnection = new Reconnection(options.reconnect(), timeSource);
    this.queue = options.maxLatency();
  }

  /**
   * Subscribes and waits until the server has opened the device. Call it once, before all other
   * methods.
   *
   * @param timeoutNanos how long to wait
   */
  void open(long timeoutNanos) throws LavalierException {
    connect(ProtoMapper.request(options), timeoutNanos);
    while (start == null) {
      StreamFramesResponse message = messages.take();
      if (message == null) {
        throw Endpoint.closedStream();
      }
      handleControlMessage(message);
    }
  }

  /** Returns the parameters of the current epoch. */
  StreamStart start() {
    return start;
  }

  /** Returns the decoder of the last frame; null: it is not decoded. For the taking thread. */
  @Nullable PacketDecoder decoder() {
    return decoder;
  }

  /** Sets the listener for notices, which runs on the taking thread. */
  void onNotice(Consumer<Notice> listener) {
    noticeListener = listener;
  }

  /** Sets a listener for the end of a connection or of this call. It runs on any thread. */
  void onEnd(Runnable listener) {
    endListener = listener;
  }

  /**
   * Handles what was received before the next frame, without waiting.
   *
   * @return whether this call was closed
   * @throws LavalierException if the server ended the stream for good
   */
  boolean pollEnd() throws LavalierException {
    StreamFramesResponse next;
    while ((next = messages.peek()) != null && !next.hasFrame()) {
      if (messages.take() == null) { // closed by another thread since
        break;
      }
      handleControlMessage(next);
    }
    if (messages.hasEnded() && !isClosed()) {
      try {
        messages.take();
      } catch (LavalierException e) {
        if (!isRetryable(e)) {
          throw e;
        }
      }
    }
    return isClosed();
  }

  private boolean isClosed() {
    return closed.getCount() == 0;
  }

  /**
   * Waits for the next frame. An interrupt closes this call and stays set.
   *
   * @return the frame; null after this call was closed
   * @throws LavalierException if the stream has ended, or the thread was interrupted
   */
  @Nullable Arrival take() throws LavalierException {
    while (true) {
      try {
        StreamFramesResponse message = messages.take();
        if (message == null) {
          return null;
        }
        if (message.hasFrame()) {
          return arrival(message.getFrame());
        }
        handleControlMessage(message);
      } catch (LavalierException e) {
        if (e.kind() == LavalierException.Kind.INTERRUPTED) {
          close();
        }
        if (!reconnect(e)) {
          return null;
        }
      }
    }
  }

  private Arrival arrival(AudioFrame frame) {
    if (ages == null) {
      ages = new FrameAges(start.maxLatency());
    }
    boolean expired =
        ages.isExpired(start, frame, messages.arrivedNanos(), timeSource.nanoTime().getAsLong());
    Gap gap = frame.hasGap() ? ProtoMapper.gap(frame.getGap()) : null;
    if (reconnection.isActive()) {
      gap = position.gapBefore(start, frame, gap, ages.onTimeNanos(), missingCause);
      notifyReconnected(reconnection.end(), gap);
    }
    position.advance(start, frame, ages.onTimeNanos());
    return new Arrival(frame, gap, expired);
  }

  private void handleControlMessage(StreamFramesResponse message) throws LavalierException {
    switch (message.getMessageCase()) {
      case STARTED -> {
        StreamStart started = ProtoMapper.start(message.getStarted());
        decoder = options.packets() ? null : PacketDecoder.of(started);
        start = started;
      }
      case NOTICE -> {
        Notice notice = ProtoMapper.notice(message.getNotice());
        deviceLossEndsCall |=
            notice.kind() == Notice.Kind.DEVICE_LOST && options.onDeviceLoss() == OnDeviceLoss.FAIL;
        noticeListener.accept(notice);
      }
      case FRAME, MESSAGE_NOT_SET -> {} // a message that only newer clients know
    }
  }

  /**
   * Waits for the backoff and starts another connection. {@link #take} detects whether it works.
   *
   * @return false after this call was closed
   * @throws LavalierException the reason, if it does not permit a retry or the time for retries is
   *     over; {@link LavalierException.Kind#INTERRUPTED} if the thread was interrupted
   */
  private boolean reconnect(LavalierException reason) throws LavalierException {
    if (reconnection.isActive()
        && resumeRequested
        && reason.kind() == LavalierException.Kind.INVALID_REQUEST) {
      // The server rejects the resume point, for example after its clock was set back.
      connect(request(Optional.empty()), attemptNanos());
      return true;
    }
    if (!isRetryable(reason)) {
      throw reason;
    }
    if (reconnection.isActive() && canShortenQueue(reason)) {
      queue = queue.dividedBy(QUEUE_DIVISOR);
      connect(request(position.resumePoint()), attemptNanos());
      return true;
    }
    queue = options.maxLatency();
    if (!reconnection.isActive()) {
      reconnection.begin();
      boolean stalled = reason.kind() == LavalierException.Kind.LIMIT_REACHED;
      missingCause = stalled ? Gap.Cause.SLOW_SUBSCRIBER : Gap.Cause.NOT_KEPT;
      noticeListener.accept(
          reconnection.lossNotice(
              stalled ? "the server ended the stream" : "connection lost", reason));
    }
    if (!reconnection.hasTime()) {
      throw reason;
    }
    try {
      if (reconnection.awaitAttempt(closed)) {
        return false;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      if (isClosed()) {
        return false;
      }
      close();
      throw Endpoint.interrupted();
    }
    connect(request(position.resumePoint()), attemptNanos());
    return true;
  }

  /**
   * Returns whether the server may accept the last request with a shorter queue. Its status does
   * not tell which limit is reached, so the queue is the reason only if a shorter one is accepted.
   */
  private boolean canShortenQueue(LavalierException reason) {
    Duration shortest =
        Duration.ofMillis(2_000L * start.frameSize() / start.format().sampleRateHz() + 1);
    if (shortest.compareTo(SHORTEST_QUEUE) < 0) {
      shortest = SHORTEST_QUEUE;
    }
    return reason.kind() == LavalierException.Kind.LIMIT_REACHED
        && queue.dividedBy(QUEUE_DIVISOR).compareTo(shortest) >= 0
        && reconnection.hasTime();
  }

  /** Returns the time for an attempt to reconnect. */
  private long attemptNanos() {
    return reconnection.attemptNanos(options.openTimeout().toNanos());
  }

  /**
   * Returns whether to retry. A running call is retried if the connection was lost, and if the
   * server ended it although this client accepts lost frames: it was not read for too long. While
   * disconnected, all retryable failures are retried, such as a busy server.
   */
  private boolean isRetryable(LavalierException reason) {
    if (!reconnection.isEnabled() || deviceLossEndsCall || !reason.kind().isRetryable()) {
      return false;
    }
    boolean served = ages != null; // on this connection
    return reason.kind() != LavalierException.Kind.LIMIT_REACHED
        || reconnection.isActive()
        || (served && options.overflowPolicy() == OverflowPolicy.DROP_OLDEST);
  }

  /**
   * Returns a request for the parameters of the current epoch, even if the server's defaults have
   * changed.
   */
  private StreamFramesRequest request(Optional<dev.lavalier.v1.ResumePoint> resumePoint) {
    StreamFramesRequest.Builder request =
        ProtoMapper.request(
            options.toBuilder()
                .deviceId(start.deviceId())
                .frameSize(start.frameSize())
                .format(start.format())
                .maxLatency(queue)
                .build())
            .toBuilder();
    resumeRequested = resumePoint.isPresent();
    resumePoint.ifPresentOrElse(
        request::setResume,
        () -> {
          if (position.resumePoint().isPresent()) {
            request.clearStart(); // pre-roll is only for the first connection
          }
        });
    return request.build();
  }

  private synchronized void connect(StreamFramesRequest request, long answerTimeoutNanos) {
    release();
    ages = null;
    connection = connector.get();
    messages =
        new MessageStream<>(
            connection.channel(),
            AudioCaptureGrpc.getStreamFramesMethod(),
            request,
            server,
            timeSource,
            answerTimeoutNanos,
            () -> endListener.run());
    if (isClosed()) { // closed by another thread since
      release();
    }
  }

  private void notifyReconnected(Duration outage, @Nullable Gap gap) {
    String missing =
        gap == null
            ? "no samples are missing"
            : String.format(
                Locale.ROOT,
                "%d samples (%.3f s%s) are missing",
                gap.sampleCount(),
                (double) gap.sampleCount() / start.format().sampleRateHz(),
                gap.estimated() ? ", estimated" : "");
    String shorter =
        queue.equals(options.maxLatency())
            ? ""
            : String.format(
                Locale.ROOT,
                "; the server refused a longer queue than %.1f s",
                start.maxLatency().toMillis() / 1e3);
    noticeListener.accept(
        new Notice(
            Notice.Kind.RECONNECTED,
            String.format(
                Locale.ROOT,
                "reconnected after %.1f s, %s%s",
                outage.toMillis() / 1e3,
                missing,
                shorter)));
  }

  /** Ends the call or the wait for the next connection, and releases the taking thread. */
  @Override
  public void close() {
    closed.countDown();
    release();
    endListener.run();
  }

  private synchronized void release() {
    if (messages != null) {
      messages.close();
      connection.closeAction().run();
    }
  }
}
