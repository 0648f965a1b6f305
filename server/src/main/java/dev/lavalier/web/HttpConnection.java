package dev.lavalier.web;

import dev.lavalier.common.FailureLog;
import dev.lavalier.common.TimeSource;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.web.PageFiles.PageFile;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * One connection, as long as it carries HTTP requests: it serves the files of the page, and starts
 * calls. A connection has {@link dev.lavalier.netty.TransportLimits#handshakeTimeout} for each
 * request, including the time since the last one and the time to read the last response. A peer
 * that sends a request before it has the last response is disconnected, so a connection holds one
 * response at most. Used only on the event loop of the connection.
 */
final class HttpConnection extends SimpleChannelInboundHandler<HttpObject> {

  private static final FailureLog FAILURES =
      new FailureLog(
          TimeSource.system(), LoggerFactory.getLogger(HttpConnection.class), "a web request");

  private final WebServices web;
  private final PageFiles files;
  private @Nullable HttpRequest request; // that is being read; null: none
  private @Nullable Future<?> timeout; // null: not active yet
  private boolean responding; // a response was not written yet
  private boolean counted; // as a connection
  private boolean closing;

  HttpConnection(WebServices web, PageFiles files) {
    this.web = web;
    this.files = files;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) throws Exception {
    restartTimeout(context);
    super.channelActive(context);
  }

  private void restartTimeout(ChannelHandlerContext context) {
    cancelTimeout();
    timeout =
        web.transport()
            .loops()
            .schedule(web.transport().limits().handshakeTimeout(), () -> close(context));
  }

  private void cancelTimeout() {
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    cancelTimeout();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
    if (closing) {
      return;
    }
    if (part instanceof HttpRequest next) {
      if (responding) {
        close(context);
        return;
      }
      count(context.channel());
      request = next;
      if (next.decoderResult().isFailure()) {
        respondAndClose(context, notUnderstood(next.decoderResult().cause()));
        return;
      }
      if (HttpUtil.getContentLength(next, 0L) > 0 || HttpUtil.isTransferEncodingChunked(next)) {
        respondAndClose(
            context,
            Responses.error(
                HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, "body: set (expected: no body)"));
        return;
      }
    }
    if (part instanceof LastHttpContent && request != null) {
      HttpRequest complete = request;
      request = null;
      restartTimeout(context);
      serve(context, complete);
    } else if (part instanceof HttpContent) {
      close(context); // without a length, a request has no body
    }
  }

  private void count(Channel connection) {
    if (!counted) {
      counted = true;
      web.calls().observer().onConnected();
      connection.closeFuture().addListener(closed -> web.calls().observer().onDisconnected());
    }
  }

  private static FullHttpResponse notUnderstood(Throwable cause) {
    if (cause instanceof TooLongHttpLineException) {
      return Responses.error(
          HttpResponseStatus.REQUEST_URI_TOO_LONG,
          "request line: too long (expected: no more than %d bytes)"
              .formatted(WebServer.MAX_LINE_BYTES));
    }
    if (cause instanceof TooLongHttpHeaderException) {
      return Responses.error(
          HttpResponseStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
          "headers: too large (expected: no more than max-metadata-bytes)");
    }
    return Responses.error(
        HttpResponseStatus.BAD_REQUEST, "request: malformed (expected: a request of HTTP/1.1)");
  }

  private void serve(ChannelHandlerContext context, HttpRequest complete) {
    List<String> hosts = complete.headers().getAll(HttpHeaderNames.HOST);
    if (hosts.size() != 1) {
      respond(
          context,
          complete,
          Responses.error(
              HttpResponseStatus.BAD_REQUEST,
              "host: %s (expected: once)".formatted(Responses.shown(hosts))));
      return;
    }
    web.guard().toOriginForm(complete);
    Optional<String> refusal =
        web.guard().refusal(complete.headers(), context.channel().localAddress());
    if (refusal.isPresent()) {
      web.calls()
          .rejections()
          .rejected(
              PeerAddress.display(context.channel().remoteAddress()), "web, " + refusal.get());
      respond(context, complete, Responses.error(HttpResponseStatus.FORBIDDEN, refusal.get()));
      return;
    }
    String path = complete.uri().split("\\?", 2)[0];
    Optional<WebMethods.Method> method = WebMethods.find(path.replaceFirst("^/", ""));
    if (method.isPresent()) {
      serveCall(
          context,
          complete,
          () -> WebSocketUpgrade.start(web, context, complete, path.substring(1), method.get()));
      return;
    }
    if (AudioStreamRequest.matches(path)) {
      serveCall(context, complete, () -> AudioStreamCall.start(web, context, complete));
      return;
    }
    Optional<PageFile> file = files.find(path);
    if (file.isEmpty()) {
      respond(
          context,
          complete,
          Responses.error(
              HttpResponseStatus.NOT_FOUND,
              "path: %s (expected: /, /devices/ID.wav, .flac, .opus or .ogg, or a method, such as /%s/PullFrames)"
                  .formatted(Responses.shown(path), CallSession.SERVICE)));
    } else if (!complete.method().equals(HttpMethod.GET)
        && !complete.method().equals(HttpMethod.HEAD)) {
      respond(context, complete, notAllowed("GET, HEAD"));
    } else {
      respond(
          context,
          complete,
          Responses.of(
              HttpResponseStatus.OK, file.get().contentType(), file.get().content().duplicate()));
    }
  }

  /**
   * Starts a call, which then owns the connection.
   *
   * @param start starts the call; returns the response if it is refused
   */
  private void serveCall(
      ChannelHandlerContext context,
      HttpRequest complete,
      Supplier<Optional<FullHttpResponse>> start) {
    if (!complete.method().equals(HttpMethod.GET)) {
      respond(context, complete, notAllowed("GET"));
      return;
    }
    start
        .get()
        .ifPresentOrElse(
            refusal -> respond(context, complete, refusal), () -> context.pipeline().remove(this));
  }

  private static FullHttpResponse notAllowed(String allowed) {
    FullHttpResponse response =
        Responses.error(
            HttpResponseStatus.METHOD_NOT_ALLOWED,
            "method: not allowed (expected: %s)".formatted(allowed));
    response.headers().set(HttpHeaderNames.ALLOW, allowed);
    return response;
  }

  // Responses.

  private void respond(
      ChannelHandlerContext context, HttpRequest complete, FullHttpResponse response) {
    if (!HttpUtil.isKeepAlive(complete)) {
      respondAndClose(context, response);
      return;
    }
    responding = true;
    context
        .writeAndFlush(response)
        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE)
        .addListener(written -> responding = false);
  }

  private void respondAndClose(ChannelHandlerContext context, FullHttpResponse response) {
    closing = true;
    response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    var unused = context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  private void close(ChannelHandlerContext context) {
    closing = true;
    var unused = context.close();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) throws Exception {
    if (event == WebServer.STOPPING) {
      close(context);
    } else {
      super.userEventTriggered(context, event);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (!(cause instanceof IOException)) { // else: for example a reset
      FAILURES.report("a web request", cause);
    }
    close(context);
  }
}
