package dev.lavalier.web;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.netty.DirectSocket;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.service.CallSink;
import dev.lavalier.service.RequestErrors;
import dev.lavalier.service.RequestListener;
import dev.lavalier.service.StatusCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.util.concurrent.Future;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * One call over a WebSocket of its own. Each binary message is one message of the contract. A close
 * frame ends the call: 1000 after success, otherwise 4000 and the number of the status code, with
 * the message of the status as the reason. Used only on the event loop of its connection.
 */
final class WebSocketCall extends SimpleChannelInboundHandler<WebSocketFrame> implements CallSink {

  /** The close code of a failed call is this, and the number of its status code. */
  private static final int FAILED = 4_000;

  /** A control frame has 125 bytes: the code and the reason. */
  private static final int MAX_REASON_BYTES = 123;

  /** The most that requests can hold while they wait to be requested: as much as with gRPC. */
  private static final int MAX_WAITING_BYTES = 64 << 10;

  /** What a waiting request takes in addition to its bytes. */
  private static final int REQUEST_OVERHEAD_BYTES = 64;

  /** The time for the peer to read what is sent last, and to answer a close frame. */
  static final Duration CLOSE_TIMEOUT = TransportLimits.PING_TIMEOUT;

  /** The most pings, pongs and incomplete parts of messages that a peer may send in 10 s. */
  private static final int MAX_EXTRA_FRAMES = 100;

  private static final long EXTRA_FRAMES_NANOS = TimeUnit.SECONDS.toNanos(10);

  private static final FailureLog FAILURES =
      new FailureLog(
          TimeSource.system(), LoggerFactory.getLogger(WebSocketCall.class), "a call by WebSocket");

  private final WebServices web;
  private final CallSession session;
  private final Channel connection;
  private final TransportLimits limits;
  private @Nullable DirectSocket socket; // null: netty sends all messages
  private final DirectFrames direct = DirectFrames.ofLoop();
  private final RequestListener<byte[]> call;
  private final Queue<byte[]> waiting = new ArrayDeque<>();
  private int waitingBytes;
  private int requested;
  private int extraFrames; // since the time below
  private long extraFramesSince = System.nanoTime();
  private @Nullable ByteArrayOutputStream fragments; // null: no message is incomplete
  private @Nullable Future<?> requestTimeout; // null: not added to a connection yet
  private @Nullable Future<?> pongTimeout; // null: no ping is unanswered
  private boolean awaitsReady;
  private boolean closing; // a close frame was sent
  private String lossReason = "its connection was closed";

  WebSocketCall(
      WebServices web, CallSession session, Channel connection, WebMethods.Method method) {
    this.web = web;
    this.session = session;
    this.connection = connection;
    this.limits = web.transport().limits();
    session.onEnding(this::end);
    this.call =
        method.start(
            session.method(),
            new WebMethods.Call(
                web.captureCalls(), session.caller(), session.deliveryLoop(), this, this::end));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    socket = web.transport().directSocket(context);
    requestTimeout =
        web.transport()
            .loops()
            .schedule(
                limits.handshakeTimeout(),
                () -> end(RequestErrors.timedOut(limits.handshakeTimeout())));
  }

  // What the peer sends.

  @Override
  protected void channelRead0(ChannelHandlerContext ignored, WebSocketFrame frame) {
    if (pongTimeout != null) {
      pongTimeout.cancel(false);
      pongTimeout = null;
    }
    if (isExtra(frame) && !takeExtraFrame()) {
      if (session.isOpen()) {
        end(
            new StreamException(
                Reason.LIMIT_REACHED,
                "frames: too many (expected: no more than %d pings, pongs and incomplete parts in 10 s)"
                    .formatted(MAX_EXTRA_FRAMES)));
      } else {
        closeConnection();
      }
    } else if (frame instanceof PingWebSocketFrame) {
      if (connection.isWritable()) { // else: a peer that reads nothing gets no more pongs
        var unused = connection.writeAndFlush(new PongWebSocketFrame(frame.content().retain()));
      }
    } else if (frame instanceof CloseWebSocketFrame) {
      onClose();
    } else if (frame instanceof PongWebSocketFrame || !session.isOpen()) {
      return;
    } else if (frame instanceof TextWebSocketFrame) {
      end(
          new StreamException(
              Reason.INVALID_REQUEST,
              "request: text (expected: binary messages of %s)".formatted(session.method())));
    } else {
      onData(frame);
    }
  }

  /** Returns whether a frame neither carries nor completes a message. */
  private static boolean isExtra(WebSocketFrame frame) {
    return frame instanceof PingWebSocketFrame
        || frame instanceof PongWebSocketFrame
        || !frame.isFinalFragment();
  }

  /** Counts an extra frame; returns whether it is allowed. */
  private boolean takeExtraFrame() {
    long now = System.nanoTime();
    if (now - extraFramesSince >= EXTRA_FRAMES_NANOS) {
      extraFramesSince = now;
      extraFrames = 0;
    }
    return ++extraFrames <= MAX_EXTRA_FRAMES;
  }

  private void onClose() {
    if (session.close("CANCELLED")) {
      call.onCancel("cancelled by the subscriber");
    }
    if (closing) {
      closeConnection();
    } else {
      closing = true;
      var unused =
          connection
              .writeAndFlush(
                  new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE.code(), ""))
              .addListener(ChannelFutureListener.CLOSE);
    }
  }

  private void onData(WebSocketFrame frame) {
    ByteBuf content = frame.content();
    int size = content.readableBytes() + (fragments == null ? 0 : fragments.size());
    if (size > limits.maxMessageBytes()) {
      end(RequestErrors.tooLarge(limits.maxMessageBytes()));
      return;
    }
    byte[] part = ByteBufUtil.getBytes(content);
    if (frame.isFinalFragment() && fragments == null) {
      onRequest(part);
      return;
    }
    if (fragments == null) {
      fragments = new ByteArrayOutputStream();
    }
    fragments.writeBytes(part);
    if (frame.isFinalFragment()) {
      byte[] whole = fragments.toByteArray();
      fragments = null;
      onRequest(whole);
    }
  }

  private void onRequest(byte[] request) {
    requestTimeout.cancel(false);
    Optional<StreamException> accessEnd = session.accessEnd();
    if (accessEnd.isPresent()) {
      end(accessEnd.get());
      return;
    }
    waiting.add(request);
    waitingBytes += request.length + REQUEST_OVERHEAD_BYTES;
    passRequested();
    if (waitingBytes > MAX_WAITING_BYTES) {
      end(RequestErrors.tooManyWaiting());
    }
  }

  private void passRequested() {
    while (requested > 0 && !waiting.isEmpty() && session.isOpen()) {
      byte[] next = waiting.remove();
      waitingBytes -= next.length + REQUEST_OVERHEAD_BYTES;
      requested--;
      call.onMessage(next);
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event instanceof IdleStateEvent && pongTimeout == null) {
      var unused = connection.writeAndFlush(new PingWebSocketFrame());
      pongTimeout = web.transport().loops().schedule(TransportLimits.PING_TIMEOUT, this::onNoPong);
    } else if (event == WebServer.STOPPING) {
      end(new StreamException(Reason.SERVER_STOPPING, "the server is stopping; try again later"));
    } else {
      super.userEventTriggered(context, event);
    }
  }

  private void onNoPong() {
    lossReason =
        "its connection was lost: no reply to a ping within %d s"
            .formatted(TransportLimits.PING_TIMEOUT.toSeconds());
    closeConnection();
  }

  @Override
  public void channelInactive(ChannelHandlerContext closed) throws Exception {
    if (session.close("UNAVAILABLE")) {
      call.onCancel(lossReason);
    }
    requestTimeout.cancel(false);
    if (pongTimeout != null) {
      pongTimeout.cancel(false);
    }
    super.channelInactive(closed);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ignored, Throwable cause) {
    if (cause instanceof CorruptedWebSocketFrameException e) {
      end(
          e.closeStatus().equals(WebSocketCloseStatus.MESSAGE_TOO_BIG)
              ? RequestErrors.tooLarge(limits.maxMessageBytes())
              : RequestErrors.malformed(session.method()));
    } else if (cause instanceof IOException) { // for example a reset
      closeConnection();
    } else {
      FAILURES.report("a call by WebSocket", cause);
      end(new StreamException(Reason.SERVER_FAILED, "the server failed to serve the call"));
    }
  }

  // What the call sends.

  @Override
  public void setReadyThreshold(int bytes, boolean together) {
    Writability.set(connection, bytes);
  }

  @Override
  public void requestMessage() {
    requested++;
    passRequested();
  }

  @Override
  public boolean isReady() {
    awaitsReady = !connection.isWritable();
    return !awaitsReady;
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ignored) {
    if (awaitsReady && connection.isWritable()) {
      awaitsReady = false;
      if (session.isOpen()) {
        call.onReady();
      }
    }
  }

  /** Each write of the connection is flushed at once, so no handler holds bytes. */
  @Override
  public void send(byte[] message) {
    if (session.isOpen() && (socket == null || !direct.send(message, socket))) {
      var unused =
          connection
              .writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(message)))
              .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }
  }

  /** Each message goes to the socket at once, so what is unsent waits only for the peer. */
  @Override
  public boolean isFlushed() {
    return true;
  }

  @Override
  public void complete() {
    if (session.close("OK")) {
      sendClose(WebSocketCloseStatus.NORMAL_CLOSURE.code(), "");
    }
  }

  @Override
  public void fail(StreamException reason) {
    if (session.close(reason)) {
      sendClose(reason);
    }
  }

  /** Ends the call for a reason of the transport, which the call then sees as a cancellation. */
  private void end(StreamException reason) {
    if (session.close(reason)) {
      try {
        call.onCancel(String.valueOf(reason.getMessage()));
      } finally { // the connection ends also if the call fails
        sendClose(reason);
      }
    }
  }

  private void sendClose(StreamException reason) {
    sendClose(
        FAILED + StatusCode.of(reason.reason()).number(),
        truncated(String.valueOf(reason.getMessage())));
  }

  /**
   * Sends the close frame, and waits for that of the peer: if the server closed at once, what the
   * peer still sends would make the kernel discard the last messages.
   */
  private void sendClose(int code, String reason) {
    requestTimeout.cancel(false);
    waiting.clear();
    fragments = null;
    closing = true;
    var unused =
        connection
            .writeAndFlush(new CloseWebSocketFrame(code, reason))
            .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    closeLater();
  }

  private void closeLater() {
    var unused = web.transport().loops().schedule(CLOSE_TIMEOUT, this::closeConnection);
  }

  private void closeConnection() {
    var unused = connection.close();
  }

  /** Returns the start of a text that fits into a close frame. */
  private static String truncated(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int end = Math.min(bytes.length, MAX_REASON_BYTES);
    while (end > 0 && end < bytes.length && (bytes[end] & 0xC0) == 0x80) { // inside a character
      end--;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8);
  }
}
