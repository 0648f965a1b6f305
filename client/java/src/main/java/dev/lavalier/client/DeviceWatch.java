package dev.lavalier.client;

import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A watch of the server's devices. It returns all devices at once and again after each change,
 * until it is closed.
 *
 * <p>If the connection is lost or the server stops, a watch with a time for reconnection connects
 * again by itself: the reader waits, and notices report the loss and the reconnection.
 *
 * <p>One thread reads. {@link #close} may be called from any thread, more than once; a waiting
 * reader then returns.
 */
public final class DeviceWatch implements AutoCloseable {

  /** How long the server may take to answer. */
  static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(10);

  private final Channel channel;
  private final Endpoint server;
  private final TimeSource timeSource;
  private final Reconnection reconnection; // active until the devices arrive again
  private final Runnable dropConnection;
  private final Consumer<DeviceWatch> onClose;
  private final CountDownLatch closed = new CountDownLatch(1);

  private volatile Consumer<Notice> noticeListener = notice -> {};

  // The reading thread replaces it under this object's lock; any thread may close it.
  private @Nullable MessageStream<WatchDevicesRequest, WatchDevicesResponse> messages;

  // Used only by the reading thread.
  private final Map<String, Device> devices = new LinkedHashMap<>();
  private boolean watching; // the devices have arrived once

  /**
   * Starts the watch.
   *
   * @param reconnect how long to try to reconnect after each loss; zero: not at all
   * @param dropConnection lets the next call use another connection, without a backoff of the
   *     channel
   * @param onClose runs when the watch is closed
   */
  DeviceWatch(
      Channel channel,
      Endpoint server,
      TimeSource timeSource,
      Duration reconnect,
      Runnable dropConnection,
      Consumer<DeviceWatch> onClose) {
    this.channel = channel;
    this.server = server;
    this.timeSource = timeSource;
    this.reconnection = new Reconnection(reconnect, timeSource);
    this.dropConnection = dropConnection;
    this.onClose = onClose;
    connect(ANSWER_TIMEOUT.toNanos());
  }

  private synchronized void connect(long answerTimeoutNanos) {
    messages =
        new MessageStream<>(
            channel,
            AudioCaptureGrpc.getWatchDevicesMethod(),
            WatchDevicesRequest.getDefaultInstance(),
            server,
            timeSource,
            answerTimeoutNanos,
            end -> {});
    if (closed.getCount() == 0) { // by another thread since
      messages.close();
    }
  }

  /**
   * Sets the listener for {@link Notice.Kind#RECONNECTING} and {@link Notice.Kind#RECONNECTED}. It
   * runs on the reading thread. An exception of the listener goes to the thread's handler for
   * uncaught exceptions and has no other effect.
   */
  public void onNotice(Consumer<Notice> listener) {
    noticeListener = listener;
  }

  /**
   * Waits for the next change or for the end of a reconnection; the first call returns the current
   * devices, and waits at most 10 s.
   *
   * @return all devices after the change; null after this watch or its client was closed
   * @throws LavalierException if the server did not answer or rejected the call, or the connection
   *     is lost and the time for reconnection is over; {@link LavalierException.Kind#INTERRUPTED}
   *     if the thread was interrupted, which closes the watch
   */
  public @Nullable List<Device> read() throws LavalierException {
    WatchDevicesResponse message;
    while ((message = take()) != null) {
      switch (message.getChangeCase()) {
        case SNAPSHOT -> {
          devices.clear(); // of the last connection
          for (var device : message.getSnapshot().getDevicesList()) {
            devices.put(device.getDeviceId(), ProtoMapper.device(device));
          }
        }
        case DEVICE ->
            devices.put(message.getDevice().getDeviceId(), ProtoMapper.device(message.getDevice()));
        case REMOVED_DEVICE_ID -> devices.remove(message.getRemovedDeviceId());
        case CHANGE_NOT_SET -> { // a change that only newer clients know
          continue;
        }
      }
      return List.copyOf(devices.values());
    }
    return null;
  }

  private @Nullable WatchDevicesResponse take() throws LavalierException {
    while (true) {
      try {
        WatchDevicesResponse message = messages.take();
        if (message != null) {
          watching = true;
          if (reconnection.isActive()) {
            notifyReconnected(reconnection.end());
          }
        }
        return message;
      } catch (LavalierException e) {
        if (messages.timedOut()) {
          dropConnection.run();
        }
        if (e.kind() == LavalierException.Kind.INTERRUPTED) {
          close();
        }
        if (!reconnect(e)) {
          return null;
        }
      }
    }
  }

  /**
   * Waits and connects again.
   *
   * @return false after this watch was closed
   * @throws LavalierException the reason, if it does not permit a retry or the time for retries is
   *     over; {@link LavalierException.Kind#INTERRUPTED} if the thread was interrupted
   */
  private boolean reconnect(LavalierException reason) throws LavalierException {
    if (!watching || !reconnection.isEnabled() || !reason.kind().isRetryable()) {
      throw reason;
    }
    if (!reconnection.isActive()) {
      reconnection.begin();
      report(reconnection.lossNotice("connection lost", reason));
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
      if (closed.getCount() == 0) {
        return false;
      }
      close();
      throw Endpoint.interrupted();
    }
    dropConnection.run();
    connect(reconnection.attemptNanos(ANSWER_TIMEOUT.toNanos()));
    return true;
  }

  private void notifyReconnected(Duration outage) {
    report(
        new Notice(
            Notice.Kind.RECONNECTED,
            String.format(Locale.ROOT, "reconnected after %.1f s", outage.toMillis() / 1e3)));
  }

  private void report(Notice notice) {
    Callbacks.run(() -> noticeListener.accept(notice));
  }

  /** Ends the watch. */
  @Override
  public void close() {
    closed.countDown();
    synchronized (this) {
      messages.close();
    }
    onClose.accept(this);
  }
}
