package dev.lavalier.web;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketHandshakeException;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Turns the connection of a request into the WebSocket of a call. */
final class WebSocketUpgrade {

  private static final String SUBPROTOCOL = "lavalier.v1";
  private static final String VERSION = "13";

  private WebSocketUpgrade() {}

  /**
   * Authorizes the caller, and starts the call of a method.
   *
   * @param context of the handler of the request, which has to leave the connection to the call
   * @param name the full name of the method
   * @return the response if the call is refused; empty: it has started
   */
  static Optional<FullHttpResponse> start(
      WebServices web,
      ChannelHandlerContext context,
      HttpRequest request,
      String name,
      WebMethods.Method method) {
    HttpHeaders headers = request.headers();
    if (!headers.contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
        || !headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)
        || !headers.contains(HttpHeaderNames.SEC_WEBSOCKET_VERSION, VERSION, false)) {
      return Optional.of(withoutUpgrade(web, context.channel(), headers, name));
    }
    if (!WebCredentials.subprotocols(headers).contains(SUBPROTOCOL)) {
      return Optional.of(
          Responses.error(
              HttpResponseStatus.BAD_REQUEST,
              "Sec-WebSocket-Protocol: without %1$s (expected: %1$s)".formatted(SUBPROTOCOL)));
    }
    CallSession session;
    try {
      session = CallSession.open(web, context.channel(), name, WebCredentials.ofWebSocket(headers));
    } catch (StreamException e) {
      return Optional.of(refused(e));
    }
    try {
      handshake(web, context, request);
    } catch (WebSocketHandshakeException e) {
      session.close("INVALID_ARGUMENT");
      return Optional.of(
          Responses.error(
              HttpResponseStatus.BAD_REQUEST,
              "handshake: malformed (expected: that of a WebSocket; %s)"
                  .formatted(LogText.sanitizeAndTruncate(String.valueOf(e.getMessage()), 100))));
    }
    long keepaliveMillis = web.transport().limits().keepaliveTime().toMillis();
    context
        .pipeline()
        .addLast(
            new IdleStateHandler(keepaliveMillis, 0, 0, TimeUnit.MILLISECONDS),
            new WebSocketCall(web, session, context.channel(), method));
    return Optional.empty();
  }

  /**
   * Returns the response to a request that is no WebSocket. A page cannot see with which status a
   * WebSocket was refused, so it can ask in this way whether its token is accepted.
   */
  private static FullHttpResponse withoutUpgrade(
      WebServices web, Channel connection, HttpHeaders headers, String name) {
    try {
      web.calls()
          .authorizer()
          .authorize(
              CallSession.SERVICE,
              name,
              WebCredentials.ofWebSocket(headers),
              CallSession.peer(connection));
    } catch (StreamException e) {
      return refused(e);
    }
    FullHttpResponse response =
        Responses.error(
            HttpResponseStatus.UPGRADE_REQUIRED,
            "upgrade: unset (expected: a WebSocket of version %s)".formatted(VERSION));
    response
        .headers()
        .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
        .set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, VERSION);
    return response;
  }

  private static FullHttpResponse refused(StreamException reason) {
    return Responses.error(reason, "Bearer"); // a browser shows no dialog for it
  }

  private static void handshake(
      WebServices web, ChannelHandlerContext context, HttpRequest request) {
    WebSocketDecoderConfig config =
        WebSocketDecoderConfig.newBuilder()
            .maxFramePayloadLength(web.transport().limits().maxMessageBytes())
            .allowExtensions(false)
            .closeOnProtocolViolation(false) // the call closes, with its own reason
            .withUTF8Validator(false) // text is refused, whatever it is
            .build();
    WebSocketServerHandshaker handshaker =
        new WebSocketServerHandshakerFactory("", SUBPROTOCOL, config).newHandshaker(request);
    // netty reads only the first of these headers, and logs what it does not know: perhaps a token.
    request.headers().set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL);
    HttpHeaders added = new DefaultHttpHeaders();
    Responses.addSecurityHeaders(added);
    handshaker
        .handshake(
            context.channel(),
            new DefaultFullHttpRequest(
                request.protocolVersion(),
                request.method(),
                request.uri(),
                Unpooled.EMPTY_BUFFER,
                request.headers(),
                EmptyHttpHeaders.INSTANCE),
            added,
            context.newPromise())
        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }
}
