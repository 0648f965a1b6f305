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
 * ended the stream because it was not read.
 *
 * <p>One thread at a time takes frames: {@link #take} waits, {@link #poll} does not. All progress
 * happens in these two. {@link #close} may be called from any thread, more than once.
 */
final class ResumingCall implements AutoCloseable {

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
  private final StreamCounters counters;
  private final ConnectionStates states;
  private final Runnable onClose;
  private final CountDownLatch closed = new CountDownLatch(1);

  private volatile @Nullable StreamStart start; // null before the first epoch
  private volatile Consumer<Notice> noticeListener = notice -> {};
  private volatile Runnable arrivalListener = () -> {};

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
  private @Nullable Wait retry; // for the next attempt; null: there is a call
  private int attempt; // the number of the last attempt to connect
  private Gap.Cause missingCause = Gap.Cause.NOT_KEPT; // of what is missing when the call resumes
  private final ResumeRequests requests;

  /**
   * Creates the call, without a connection.
   *
   * @param onClose runs when this call is closed, each time
   */
  ResumingCall(
      Supplier<Connection> connector,
      Endpoint server,
      StreamOptions options,
      TimeSource timeSource,
      StreamCounters counters,
      ConnectionStates states,
      Runnable onClose) {
    this.connector = connector;
    this.server = server;
    this.options = options;
    this.timeSource = timeSource;
    this.counters = counters;
    this.states = states;
    this.onClose = onClose;
    this.reconnection = new Reconnection(options.reconnect(), timeSource);
    this.requests = new ResumeRequests(options);
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

  /** Returns the parameters of the current epoch; null before the first. */
  @Nullable StreamStart start() {
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

  /**
   * Sets a listener for arrived messages, the end of a connection and the end of this call. It runs
   * on any thread.
   */
  void onArrival(Runnable listener) {
    arrivalListener = listener;
  }

  boolean isClosed() {
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
      if (Thread.currentThread().isInterrupted() && !isClosed()) {
        close();
        throw Endpoint.interrupted();
      }
      Arrival arrival = poll(true);
      if (arrival != null || isClosed()) {
        return arrival;
      }
      try {
        if (retry == null) {
          messages.await();
        } else {
          retry.await(timeSource);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Does all that is possible without waiting.
   *
   * @param wanted whether to take a frame, and to connect again for it; otherwise, only what
   *     arrived before the next frame is handled
   * @return the next frame; null if it has not arrived or is not wanted, or this call was closed
   * @throws LavalierException if the stream has ended
   */
  @Nullable Arrival poll(boolean wanted) throws LavalierException {
    while (!isClosed()) {
      try {
        if (retry != null) {
          if (!retry.hasExpired()) {
            return null;
          }
          resume();
        }
        StreamFramesResponse message = messages.poll(next -> wanted || !next.hasFrame());
        if (message == null) {
          return null;
        }
        if (message.hasFrame()) {
          return arrival(message.getFrame());
        }
        handleControlMessage(message);
      } catch (LavalierException e) {
        if (!wanted && isRetryable(e)) {
          return null; // the next poll throws it again
        }
        recover(e);
      }
    }
    return null;
  }

  /** Returns what {@link #poll} waits for, if it has a time limit; null: it has none. */
  @Nullable Wait pendingWait() {
    return retry == null ? messages.answer() : retry;
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
      counters.reconnected();
      notifyReconnected(reconnection.end(), gap);
    }
    position.advance(start, frame, ages.onTimeNanos());
    return new Arrival(frame, gap, expired);
  }

  private void handleControlMessage(StreamFramesResponse message) throws LavalierException {
    switch (message.getMessageCase()) {
      case STARTED -> {
        try {
          StreamStart started = ProtoMapper.start(message.getStarted());
          decoder = options.packets() ? null : PacketDecoder.of(started);
          start = started;
        } catch (LavalierException e) {
          close(); // this client does not know the format of the next frames
          throw e;
        }
        states.ready();
      }
      case NOTICE -> {
        Notice notice = ProtoMapper.notice(message.getNotice());
        deviceLossEndsCall |=
            notice.kind() == Notice.Kind.DEVICE_LOST && options.onDeviceLoss() == OnDeviceLoss.FAIL;
        report(notice);
      }
      case FRAME, MESSAGE_NOT_SET -> {} // a message that only newer clients know
    }
  }

  /**
   * Starts another connection, or the wait for it.
   *
   * @throws LavalierException the reason, if it does not permit a retry or the time for retries is
   *     over
   */
  private void recover(LavalierException reason) throws LavalierException {
    if (reconnection.isActive() && requests.isResumePointRejected(reason)) {
      connect(requests.next(start, Optional.empty(), isResumable()), attemptNanos());
      return;
    }
    if (!isRetryable(reason)) {
      throw ended(reason);
    }
    if (reconnection.isActive() && reconnection.hasTime() && requests.shortenQueue(start, reason)) {
      resume();
      return;
    }
    requests.restoreQueue();
    if (!reconnection.isActive()) {
      reconnection.begin();
      boolean stalled = reason.kind() == LavalierException.Kind.LIMIT_REACHED;
      missingCause = stalled ? Gap.Cause.SLOW_SUBSCRIBER : Gap.Cause.NOT_KEPT;
      report(
          reconnection.lossNotice(
              stalled ? "the server ended the stream" : "connection lost", reason));
    }
    if (!reconnection.hasTime()) {
      throw ended(reason);
    }
    states.disconnected(attempt); // after a timeout, no end of the call was received
    retry = new Wait(closed, reconnection.nextWaitNanos());
  }

  private LavalierException ended(LavalierException reason) {
    states.closed();
    return reason;
  }

  private void report(Notice notice) {
    Callbacks.run(() -> noticeListener.accept(notice));
  }

  /** Connects again, to continue after the last frame. */
  private void resume() throws LavalierException {
    connect(requests.next(start, position.resumePoint(), isResumable()), attemptNanos());
  }

  private boolean isResumable() {
    return position.resumePoint().isPresent();
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

  private void connect(StreamFramesRequest request, long answerTimeoutNanos)
      throws LavalierException {
    retry = null;
    Connection opened;
    try {
      opened = connector.get();
    } catch (IllegalArgumentException e) { // for example, its network interface is gone
      throw new LavalierException(LavalierException.Kind.UNAVAILABLE, e.getMessage(), e);
    }
    release();
    ages = null;
    int number = states.connecting();
    attempt = number;
    MessageStream<StreamFramesRequest, StreamFramesResponse> call =
        new MessageStream<>(
            opened.channel(),
            AudioCaptureGrpc.getStreamFramesMethod(),
            request,
            server,
            timeSource,
            answerTimeoutNanos,
            end -> {
              if (end && !isClosed()) {
                states.disconnected(number);
              }
              arrivalListener.run();
            });
    synchronized (this) {
      connection = opened;
      messages = call;
    }
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
    report(
        new Notice(
            Notice.Kind.RECONNECTED,
            String.format(
                Locale.ROOT,
                "reconnected after %.1f s, %s%s",
                outage.toMillis() / 1e3,
                missing,
                requests.shortenedQueue(start))));
  }

  /** Ends the call or the wait for the next connection, and releases the taking thread. */
  @Override
  public void close() {
    closed.countDown();
    release();
    states.closed();
    onClose.run();
    arrivalListener.run();
  }

  /** Ends the call. Does not hold the lock meanwhile, because listeners run. */
  private void release() {
    MessageStream<?, ?> call;
    Connection used;
    synchronized (this) {
      call = messages;
      used = connection;
    }
    if (call != null) {
      call.close();
      used.closeAction().run();
    }
  }
}
