package dev.lavalier.web;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import dev.lavalier.common.FailureLog;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.common.TimeSource;
import dev.lavalier.netty.EventLoops;
import dev.lavalier.service.CallListener;
import dev.lavalier.service.CallSink;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * A StreamFrames call whose response is a stream of audio without an end, until the connection
 * closes. Silence takes the place of a gap, so that the position in the stream shows the time. The
 * silence is sent as the peer reads it: a gap takes no memory. A peer that falls behind again while
 * it reads the silence would get nothing else, so its stream ends. Used only on the event loop of
 * its connection.
 */
final class AudioStreamCall extends ChannelInboundHandlerAdapter implements CallSink {

  static final String METHOD = CallSession.SERVICE + "/StreamFrames";

  private static final String CHALLENGE = "Basic realm=\"Lavalier\", charset=\"UTF-8\"";

  /** A longer gap ends the stream, for example after the machine was suspended. */
  private static final int MAX_GAP_SECONDS = 60;

  private static final FailureLog FAILURES =
      new FailureLog(
          TimeSource.system(), LoggerFactory.getLogger(AudioStreamCall.class), "an audio stream");

  private final CallSession session;
  private final EventLoops<?> loops;
  private final Channel connection;
  private CallListener call = CallListener.ENDED;
  private final AudioContainer container;
  private @Nullable AudioBody body; // null: the response has not started
  private int rateHz;
  private boolean hasHeader; // of the container
  private boolean awaitsReady;
  private long silence; // samples per channel, to be sent before the frame
  private @Nullable AudioFrame frame; // that waits for the silence before it; null: none
  private boolean sendingSilence;
  private boolean fellBehind; // before the last frame

  private AudioStreamCall(
      CallSession session, EventLoops<?> loops, Channel connection, AudioContainer container) {
    this.session = session;
    this.container = container;
    this.loops = loops;
    this.connection = connection;
    session.onEnding(this::end);
  }

  /**
   * Authorizes the caller, and starts the stream of a device.
   *
   * @param context of the handler of the request, which has to leave the connection to the stream
   * @return the response if the stream is refused; empty: it has started
   */
  static Optional<FullHttpResponse> start(
      WebServices web, ChannelHandlerContext context, HttpRequest request) {
    Optional<String> refusal = RequestGuard.crossSiteRefusal(request.headers());
    if (refusal.isPresent()) {
      return Optional.of(Responses.error(HttpResponseStatus.FORBIDDEN, refusal.get()));
    }
    CallSession session;
    AudioStreamRequest parsed;
    try {
      parsed = AudioStreamRequest.parse(request.uri());
      session =
          CallSession.open(
              web, context.channel(), METHOD, WebCredentials.ofHeader(request.headers()));
    } catch (StreamException e) {
      return Optional.of(Responses.error(e, CHALLENGE));
    }
    AudioStreamCall stream =
        new AudioStreamCall(
            session, web.transport().loops(), context.channel(), parsed.container());
    context.pipeline().addLast(stream);
    stream.call =
        web.captureCalls()
            .streamFrames(parsed.subscription(), session.caller(), session.deliveryLoop(), stream);
    return Optional.empty();
  }

  // The peer and the connection.

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ReferenceCountUtil.release(message);
    var unused = context.close(); // a further request would never get a response
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) throws Exception {
    if (session.close("UNAVAILABLE")) {
      call.onCancel("its connection was closed");
    }
    release();
    super.channelInactive(context);
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    sendSilence();
    if (awaitsReady && isReady() && session.isOpen()) {
      call.onReady();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event == WebServer.STOPPING) {
      end(new StreamException(Reason.SERVER_STOPPING, "the server is stopping; try again later"));
    } else {
      super.userEventTriggered(context, event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) { // else: for example a reset
      FAILURES.report("an audio stream", cause);
    }
    var unused = context.close();
  }

  // What the call sends.

  @Override
  public void setReadyThreshold(int bytes, boolean together) {
    Writability.set(connection, bytes);
  }

  @Override
  public void requestMessage() {}

  @Override
  public boolean isReady() {
    boolean ready = silence == 0 && connection.isWritable();
    awaitsReady = !ready;
    return ready;
  }

  @Override
  public void send(byte[] message) {
    if (!session.isOpen()) {
      return;
    }
    StreamFramesResponse response = parse(message);
    switch (response.getMessageCase()) {
      case STARTED -> sendHead(response.getStarted());
      case FRAME -> sendFrame(response.getFrame());
      case NOTICE, MESSAGE_NOT_SET -> {} // a file of audio has no place for it
    }
  }

  /** Parses a message without a copy of its audio. */
  private static StreamFramesResponse parse(byte[] message) {
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(message).newCodedInput();
    in.enableAliasing(true);
    try {
      return StreamFramesResponse.parseFrom(in);
    } catch (IOException e) {
      throw new IllegalStateException(e); // the server encoded it
    }
  }

  private void sendHead(StreamStarted started) {
    body = container.body(started);
    rateHz = started.getFormat().getSampleRateHz();
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    Responses.addSecurityHeaders(head.headers());
    head.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, container.contentType())
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    var unused = connection.writeAndFlush(head);
  }

  private void sendFrame(AudioFrame sent) {
    long gap = sent.getGap().getSampleCount();
    boolean behind = sent.getGap().getCause() == GapCause.GAP_CAUSE_SLOW_SUBSCRIBER;
    if (gap > (long) MAX_GAP_SECONDS * rateHz) {
      end(
          new StreamException(
              Reason.DEVICE_LOST,
              "gap: %d samples (expected: no more than %d s); start the stream again"
                  .formatted(gap, MAX_GAP_SECONDS)));
    } else if (behind && fellBehind) { // while the silence of the last gap was sent
      end(
          new StreamException(
              Reason.SUBSCRIBER_STALLED,
              "the stream is not read as fast as it is captured; start it again"));
    } else {
      fellBehind = behind;
      if (!hasHeader) { // it has the time of the first sample
        hasHeader = true;
        long gapNanos = gap * TimeUnit.SECONDS.toNanos(1) / rateHz;
        write(body.header(sent.getCaptureTimeUnixNanos() - gapNanos));
      }
      silence = gap;
      frame = sent;
      sendSilence();
    }
  }

  /** Sends the silence of a gap while the connection is writable, and then the frame after it. */
  private void sendSilence() {
    if (sendingSilence) {
      return; // to send makes the connection writable, which comes here again
    }
    sendingSilence = true;
    while (silence > 0 && connection.isWritable()) {
      int samples = (int) Math.min(silence, body.maxSilence());
      silence -= samples;
      write(body.silence(samples));
      connection.flush();
    }
    if (silence == 0 && frame != null) {
      AudioFrame next = frame;
      frame = null;
      write(body.frame(next));
      connection.flush();
    }
    sendingSilence = false;
  }

  private void write(ByteBuf bytes) {
    var unused =
        connection
            .write(new DefaultHttpContent(bytes))
            .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  @Override
  public boolean isFlushed() {
    return true;
  }

  @Override
  public void complete() {
    if (session.close("OK")) {
      close(Optional.empty());
    }
  }

  @Override
  public void fail(StreamException reason) {
    if (session.close(reason)) {
      close(Optional.of(reason));
    }
  }

  /** Ends the call for a reason of the transport, which the call then sees as a cancellation. */
  private void end(StreamException reason) {
    if (session.close(reason)) {
      try {
        call.onCancel(String.valueOf(reason.getMessage()));
      } finally { // the connection ends also if the call fails
        close(Optional.of(reason));
      }
    }
  }

  /**
   * Closes the connection when everything is sent, or after a few seconds. If the call failed
   * before its stream started, the response says so.
   */
  private void close(Optional<StreamException> reason) {
    release();
    Object last = Unpooled.EMPTY_BUFFER;
    if (body == null && reason.isPresent()) {
      FullHttpResponse response = Responses.error(reason.get(), CHALLENGE);
      response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      last = response;
    }
    connection.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
    var unused = loops.schedule(WebSocketCall.CLOSE_TIMEOUT, this::closeNow);
  }

  private void closeNow() {
    var unused = connection.close();
  }

  private void release() {
    silence = 0;
    frame = null;
  }
}
