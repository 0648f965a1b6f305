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
 * <p>If a connection is lost, the call retries after 0.25 s, then with a backoff that doubles up to
 * 5 s. Random jitter shortens each wait by up to a quarter, so that the clients of a server do not
 * all reconnect at once. A new connection requests the same frames from the point where the old one
 * ended. A connection is lost, too, if the server does not answer in time, or if it ended the
 * stream because it was not read. One thread takes frames and waits for reconnections; {@link
 * #close} may be called from any thread, more than once.
 */
final class ResumingCall implements AutoCloseable {

  private static final long INITIAL_BACKOFF_NANOS = 250_000_000L;
  private static final long MAX_BACKOFF_NANOS = 5_000_000_000L;
  private static final double MIN_JITTER_FACTOR = 0.75;

  /**
   * How long the server may take to answer. It needs up to 13 s: it closes a device that was just
   * in use within 3 s and opens it within 10 s, or rejects the call.
   */
  static final long ANSWER_TIMEOUT_NANOS = 20_000_000_000L;

  /** The last attempt to reconnect has this much time, also if the time for retries is over. */
  private static final long MIN_ANSWER_TIMEOUT_NANOS = 1_000_000_000L;

  private static final Duration MAX_NANOS = Duration.ofNanos(Long.MAX_VALUE);

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
  private final long reconnectNanos; // Long.MAX_VALUE: without a limit
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
  private @Nullable FrameAges ages; // of this connection; null before its first frame
  private boolean deviceLossEndsCall; // the server reported a device loss that ends the call
  private boolean disconnected; // the connection was lost and no frame has arrived since
  private Gap.Cause missingCause = Gap.Cause.NOT_KEPT; // of what is missing when the call resumes
  private boolean resumeRequested; // the last request has a resume point
  private long disconnectedAtNanos;
  private int attempts; // since the loss

  ResumingCall(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource) {
    this.connector = connector;
    this.server = server;
    this.options = options;
    this.timeSource = timeSource;
    this.reconnectNanos =
        options.reconnect().compareTo(MAX_NANOS) > 0
            ? Long.MAX_VALUE
            : options.reconnect().toNanos();
  }

  /**
   * Subscribes and waits until the server has opened the device, at most {@link
   * #ANSWER_TIMEOUT_NANOS}. Call it once, before all other methods.
   */
  void open() throws LavalierException {
    connect(ProtoMapper.request(options), ANSWER_TIMEOUT_NANOS);
    while (start == null) {
      StreamFramesResponse message = messages.take();
      if (message == null) {
        throw Endpoint.cancelled(
            Thread.currentThread().isInterrupted()
                ? "the call was interrupted"
                : "the stream was closed while it was opened");
      }
      handleControlMessage(message);
    }
  }

  /** Returns the parameters of the current epoch. */
  StreamStart start() {
    return start;
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
   * Waits for the next frame.
   *
   * @return the frame; null after this call was closed
   * @throws LavalierException if the stream has ended
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
    if (disconnected) {
      gap = position.gapBefore(start, frame, gap, ages.onTimeNanos(), missingCause);
      disconnected = false;
      attempts = 0;
      notifyReconnected(gap);
    }
    position.advance(start, frame, ages.onTimeNanos());
    return new Arrival(frame, gap, expired);
  }

  private void handleControlMessage(StreamFramesResponse message) throws LavalierException {
    switch (message.getMessageCase()) {
      case STARTED -> start = ProtoMapper.start(message.getStarted());
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
   *     over
   */
  private boolean reconnect(LavalierException reason) throws LavalierException {
    if (disconnected
        && resumeRequested
        && reason.kind() == LavalierException.Kind.INVALID_REQUEST) {
      // The server rejects the resume point, for example after its clock was set back.
      connect(request(Optional.empty()), attemptNanos());
      return true;
    }
    if (!isRetryable(reason)) {
      throw reason;
    }
    if (!disconnected) {
      disconnected = true;
      disconnectedAtNanos = timeSource.nanoTime().getAsLong();
      boolean stalled = reason.kind() == LavalierException.Kind.LIMIT_REACHED;
      missingCause = stalled ? Gap.Cause.SLOW_SUBSCRIBER : Gap.Cause.NOT_KEPT;
      notifyReconnecting(stalled ? "the server ended the stream" : "connection lost", reason);
    }
    long remaining = remainingNanos();
    if (remaining <= 0) {
      throw reason;
    }
    try {
      if (timeSource.sleeper().await(closed, Math.min(remaining, nextBackoffNanos()))) {
        return false;
      }
    } catch (InterruptedException e) {
      close();
      Thread.currentThread().interrupt();
      return false;
    }
    connect(request(position.resumePoint()), attemptNanos());
    return true;
  }

  private long remainingNanos() {
    return reconnectNanos - (timeSource.nanoTime().getAsLong() - disconnectedAtNanos);
  }

  /** Returns the time for an attempt to reconnect. */
  private long attemptNanos() {
    return Math.max(MIN_ANSWER_TIMEOUT_NANOS, Math.min(ANSWER_TIMEOUT_NANOS, remainingNanos()));
  }

  /**
   * Returns whether to retry. A running call is retried if the connection was lost, and if the
   * server ended it although this client accepts lost frames: it was not read for too long. While
   * disconnected, all retryable failures are retried, such as a busy server.
   */
  private boolean isRetryable(LavalierException reason) {
    if (options.reconnect().isZero() || deviceLossEndsCall || !reason.kind().isRetryable()) {
      return false;
    }
    boolean served = ages != null; // on this connection
    return reason.kind() != LavalierException.Kind.LIMIT_REACHED
        || disconnected
        || (served && options.overflowPolicy() == OverflowPolicy.DROP_OLDEST);
  }

  private long nextBackoffNanos() {
    long backoff = Math.min(MAX_BACKOFF_NANOS, INITIAL_BACKOFF_NANOS << Math.min(attempts, 10));
    attempts++;
    double jitterFactor =
        MIN_JITTER_FACTOR + (1 - MIN_JITTER_FACTOR) * timeSource.random().getAsDouble();
    return Math.round(backoff * jitterFactor);
  }

  /**
   * Returns a request for the parameters of the current epoch, even if the server's defaults have
   * changed.
   */
  private StreamFramesRequest request(Optional<dev.lavalier.v1.ResumePoint> resumePoint) {
    StreamFramesRequest.Builder request =
        ProtoMapper.request(
            options
                .withDeviceId(start.deviceId())
                .withFrameSize(start.frameSize())
                .withFormat(start.format()))
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

  private void notifyReconnecting(String event, LavalierException reason) {
    String limit =
        reconnectNanos == Long.MAX_VALUE
            ? ""
            : " for at most " + options.reconnect().toSeconds() + " s";
    noticeListener.accept(
        new Notice(
            Notice.Kind.RECONNECTING,
            "%s, reconnecting%s: %s".formatted(event, limit, reason.getMessage())));
  }

  private void notifyReconnected(@Nullable Gap gap) {
    Duration outage = Duration.ofNanos(timeSource.nanoTime().getAsLong() - disconnectedAtNanos);
    String missing =
        gap == null
            ? "no samples are missing"
            : String.format(
                Locale.ROOT,
                "%d samples (%.3f s%s) are missing",
                gap.sampleCount(),
                (double) gap.sampleCount() / start.format().sampleRateHz(),
                gap.estimated() ? ", estimated" : "");
    noticeListener.accept(
        new Notice(
            Notice.Kind.RECONNECTED,
            String.format(
                Locale.ROOT, "reconnected after %.1f s, %s", outage.toMillis() / 1e3, missing)));
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
