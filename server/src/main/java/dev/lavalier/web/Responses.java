package dev.lavalier.web;

import dev.lavalier.common.LogText;
import dev.lavalier.common.StreamException;
import dev.lavalier.service.StatusCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;

/** Creates the responses of the web port. Each has the headers that restrict what a page can do. */
final class Responses {

  static final String TEXT = "text/plain; charset=utf-8";

  private Responses() {}

  /**
   * Adds the headers of every response: pages load nothing from elsewhere, connect to nothing else,
   * and cannot be embedded or read by another site.
   */
  static void addSecurityHeaders(HttpHeaders headers) {
    headers
        .set(
            HttpHeaderNames.CONTENT_SECURITY_POLICY,
            "default-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none';"
                + " frame-ancestors 'none'")
        .set("X-Content-Type-Options", "nosniff")
        .set("Cross-Origin-Opener-Policy", "same-origin")
        .set("Cross-Origin-Embedder-Policy", "require-corp")
        .set("Cross-Origin-Resource-Policy", "same-origin")
        .set("Referrer-Policy", "no-referrer")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store");
  }

  /** Returns a response with a body. The body is not copied. */
  static FullHttpResponse of(HttpResponseStatus status, String contentType, ByteBuf body) {
    FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
    addSecurityHeaders(response.headers());
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, contentType)
        .setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    return response;
  }

  /** Returns a response whose body is one line of text. */
  static FullHttpResponse error(HttpResponseStatus status, String line) {
    return of(status, TEXT, Unpooled.copiedBuffer(line + "\n", StandardCharsets.UTF_8));
  }

  /** Returns the values of a header for a line of text; no value: unset. */
  static String shown(List<String> values) {
    return values.isEmpty()
        ? "unset"
        : values.stream().limit(10).map(Responses::shown).collect(Collectors.joining(", "));
  }

  /** Returns a value from a request for a line of text. */
  static String shown(String value) {
    return value.isEmpty() ? "empty" : LogText.sanitizeAndTruncate(value, 100);
  }

  /**
   * Returns the response for a call that failed before anything was sent.
   *
   * @param challenge how callers authenticate, for the header WWW-Authenticate
   */
  static FullHttpResponse error(StreamException reason, String challenge) {
    HttpResponseStatus status = status(StatusCode.of(reason.reason()));
    FullHttpResponse response = error(status, String.valueOf(reason.getMessage()));
    if (status.equals(HttpResponseStatus.UNAUTHORIZED)) {
      response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, challenge);
    }
    return response;
  }

  private static HttpResponseStatus status(StatusCode code) {
    return switch (code) {
      case INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE -> HttpResponseStatus.BAD_REQUEST;
      case UNAUTHENTICATED -> HttpResponseStatus.UNAUTHORIZED;
      case PERMISSION_DENIED -> HttpResponseStatus.FORBIDDEN;
      case NOT_FOUND -> HttpResponseStatus.NOT_FOUND;
      case DEADLINE_EXCEEDED -> HttpResponseStatus.REQUEST_TIMEOUT;
      case RESOURCE_EXHAUSTED -> HttpResponseStatus.TOO_MANY_REQUESTS;
      case INTERNAL -> HttpResponseStatus.INTERNAL_SERVER_ERROR;
      case UNAVAILABLE -> HttpResponseStatus.SERVICE_UNAVAILABLE;
    };
  }
}
