package dev.lavalier.web;

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
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import io.netty.handler.timeout.IdleStateHandler;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Turns the connection of a request into the WebSocket of a call. */
final class WebSocketUpgrade {

  private static final String SUBPROTOCOL = "lavalier.v1";
  private static final String VERSION = "13";
  private static final int KEY_BYTES = 16;

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
    Optional<String> other = otherUpgrade(headers);
    if (other.isPresent()) {
      return Optional.of(withoutUpgrade(web, context.channel(), headers, name, other.get()));
    }
    List<String> keys = headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_KEY);
    if (keys.size() != 1 || !isKey(keys.get(0))) {
      return Optional.of(
          Responses.error(
              HttpResponseStatus.BAD_REQUEST,
              "Sec-WebSocket-Key: %s (expected: %d bytes in base64, once)"
                  .formatted(Responses.shown(keys), KEY_BYTES)));
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
    handshake(web, context, request);
    long keepaliveMillis = web.transport().limits().keepaliveTime().toMillis();
    context
        .pipeline()
        .addLast(
            new IdleStateHandler(keepaliveMillis, 0, 0, TimeUnit.MILLISECONDS),
            new WebSocketCall(web, session, context.channel(), method));
    return Optional.empty();
  }

  /** Returns the header that is not that of our version of WebSocket; empty: none. */
  private static Optional<String> otherUpgrade(HttpHeaders headers) {
    if (!headers.contains(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
      return Optional.of(expected(headers, "Upgrade", "websocket"));
    }
    if (!headers.containsValue(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true)) {
      return Optional.of(expected(headers, "Connection", "Upgrade"));
    }
    // netty would use the first of several.
    if (!headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_VERSION).equals(List.of(VERSION))) {
      return Optional.of(expected(headers, "Sec-WebSocket-Version", VERSION));
    }
    return Optional.empty();
  }

  private static String expected(HttpHeaders headers, String name, String value) {
    return "%s: %s (expected: %s)".formatted(name, Responses.shown(headers.getAll(name)), value);
  }

  private static boolean isKey(String value) {
    try {
      return Base64.getDecoder().decode(value).length == KEY_BYTES;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Returns the response to a request that is no WebSocket. A page cannot see with which status a
   * WebSocket was refused, so it can ask in this way. Such a request is a call that ends at once.
   */
  private static FullHttpResponse withoutUpgrade(
      WebServices web, Channel connection, HttpHeaders headers, String name, String line) {
    try {
      CallSession.open(web, connection, name, WebCredentials.ofWebSocket(headers))
          .close("INVALID_ARGUMENT");
    } catch (StreamException e) {
      return refused(e);
    }
    FullHttpResponse response = Responses.error(HttpResponseStatus.UPGRADE_REQUIRED, line);
    response
        .headers()
        .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE)
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
