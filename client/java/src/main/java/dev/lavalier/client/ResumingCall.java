package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The frames of one subscription, over as many connections as it takes.
 *
 * <p>A connection that was lost is tried again after 0.25 s, then ever later up to every 5 s, each
 * a little sooner by chance so that a server's listeners do not all come back at once. It asks for
 * what was being sent, from where that ended. One thread takes, and is the one that waits; {@link
 * #close} may be called from any, more than once.
 */
final class ResumingCall implements AutoCloseable {

  private static final long INITIAL_BACKOFF_NANOS = 250_000_000L;
  private static final long MAX_BACKOFF_NANOS = 5_000_000_000L;
  private static final double MIN_JITTER_FACTOR = 0.75;

  /**
   * A frame, as it came.
   *
   * @param frame what was sent
   * @param gap what is missing before it; null: nothing
   * @param firstOfConnection whether it is the first of its connection
   * @param arrivedNanos when it was here
   */
  record Arrival(AudioFrame frame, Gap gap, boolean firstOfConnection, long arrivedNanos) {}

  private final Supplier<Connection> connector;
  private final Endpoint server;
  private final StreamOptions options;
  private final TimeSource timeSource;
  private final CountDownLatch closed = new CountDownLatch(1);

  private volatile StreamStart start;
  private volatile Consumer<Notice> noticeListener = notice -> {};

  // Replaced by the taking thread, under this object's lock; ended by whoever closes.
  private Connection connection;
  private MessageStream<StreamFramesRequest, StreamFramesResponse> messages;

  // The taking thread alone.
  private final StreamPosition position = new StreamPosition();
  private boolean firstOfConnection = true; // no frame has come by this connection
  private boolean deviceLossEndsCall; // the server said that the device's loss ends the call
  private boolean disconnected; // lost, and no frame has come since
  private boolean resumeRequested; // asked for by a resume point
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
  }

  /** Subscribes and waits for what the server opens. Once, and first of all. */
  void open() throws LavalierException {
    connect(ProtoMapper.request(options));
    while (start == null) {
      StreamFramesResponse message = messages.take();
      if (message == null) {
        throw server.exception(Status.UNAVAILABLE.withDescription("the stream was closed"));
      }
      handleControlMessage(message);
    }
  }

  /** Returns what the server opened last. */
  StreamStart start() {
    return start;
  }

  /** Sets who is told of notices, on the taking thread. */
  void onNotice(Consumer<Notice> listener) {
    noticeListener = listener;
  }

  /**
   * Waits for the next frame.
   *
   * @return null once this was closed
   * @throws LavalierException where the stream is over
   */
  Arrival take() throws LavalierException {
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
    long nowMillis = timeSource.unixMillis().getAsLong();
    Gap gap = frame.hasGap() ? ProtoMapper.gap(frame.getGap()) : null;
    if (disconnected) {
      gap = position.gapBefore(start, frame, gap, nowMillis);
      disconnected = false;
      attempts = 0;
      notifyReconnected(gap);
    }
    position.advance(start, frame, nowMillis);
    Arrival arrival = new Arrival(frame, gap, firstOfConnection, messages.arrivedNanos());
    firstOfConnection = false;
    return arrival;
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
      case FRAME, MESSAGE_NOT_SET -> {} // what a newer server may send is not for us
    }
  }

  /**
   * Makes another connection, after a pause; whether it is any good, {@link #take} finds out.
   *
   * @return false once this was closed
   * @throws LavalierException the reason, where it is none to try again, or too late to
   */
  private boolean reconnect(LavalierException reason) throws LavalierException {
    if (disconnected
        && resumeRequested
        && reason.kind() == LavalierException.Kind.INVALID_REQUEST) {
      // The server does not take the resume point, as after its clock was set back.
      connect(request(Optional.empty()));
      return true;
    }
    if (deviceLossEndsCall || !isRetryable(reason)) {
      throw reason;
    }
    if (!disconnected) {
      disconnected = true;
      disconnectedAtNanos = timeSource.nanoTime().getAsLong();
      notifyReconnecting(reason);
    }
    long remaining =
        options.reconnect().toNanos() - (timeSource.nanoTime().getAsLong() - disconnectedAtNanos);
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
    connect(request(position.resumePoint()));
    return true;
  }

  /** A call that ran is worth another where the way to it broke; one in its place, where busy. */
  private boolean isRetryable(LavalierException reason) {
    return !options.reconnect().isZero()
        && (reason.kind() == LavalierException.Kind.UNAVAILABLE
            || (disconnected && reason.kind().isRetryable()));
  }

  private long nextBackoffNanos() {
    long backoff = Math.min(MAX_BACKOFF_NANOS, INITIAL_BACKOFF_NANOS << Math.min(attempts, 10));
    attempts++;
    double jitterFactor =
        MIN_JITTER_FACTOR + (1 - MIN_JITTER_FACTOR) * timeSource.random().getAsDouble();
    return Math.round(backoff * jitterFactor);
  }

  /** What is being sent is asked for again, also where the server's defaults are others by now. */
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
            request.clearStart(); // a pre-roll is for the beginning
          }
        });
    return request.build();
  }

  private synchronized void connect(StreamFramesRequest request) {
    release();
    firstOfConnection = true;
    connection = connector.get();
    messages =
        new MessageStream<>(
            connection.channel(),
            AudioCaptureGrpc.getStreamFramesMethod(),
            request,
            server,
            timeSource.nanoTime());
    if (closed.getCount() == 0) { // meanwhile
      release();
    }
  }

  private void notifyReconnecting(LavalierException reason) {
    noticeListener.accept(
        new Notice(
            Notice.Kind.RECONNECTING,
            "the connection is lost, reconnecting for %d s at most: %s"
                .formatted(options.reconnect().toSeconds(), reason.getMessage())));
  }

  private void notifyReconnected(Gap gap) {
    Duration outage = Duration.ofNanos(timeSource.nanoTime().getAsLong() - disconnectedAtNanos);
    String missing =
        gap == null
            ? "nothing is missing"
            : "%d samples (%.3f s%s) are missing"
                .formatted(
                    gap.sampleCount(),
                    (double) gap.sampleCount() / start.format().sampleRateHz(),
                    gap.estimated() ? ", estimated" : "");
    noticeListener.accept(
        new Notice(
            Notice.Kind.RECONNECTED,
            "connected again after %.1f s, %s".formatted(outage.toMillis() / 1e3, missing)));
  }

  /** Ends the call, or the waiting for the next one, and releases who takes. */
  @Override
  public void close() {
    closed.countDown();
    release();
  }

  private synchronized void release() {
    if (messages != null) {
      messages.close();
      connection.closeAction().run();
    }
  }
}
