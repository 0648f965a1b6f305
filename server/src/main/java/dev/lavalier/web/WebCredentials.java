package dev.lavalier.web;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The credentials in the headers of a request, in the form of the metadata {@code authorization}.
 * Neither a URL nor a cookie carries credentials: a URL appears in logs, and browsers send cookies
 * also with requests of other sites.
 */
final class WebCredentials {

  /** A page cannot set the headers of a WebSocket, only its subprotocols. */
  static final String SUBPROTOCOL_PREFIX = "lavalier.bearer.";

  private static final String BASIC = "Basic ";
  private static final String BEARER = "Bearer ";

  private WebCredentials() {}

  /** Returns the subprotocols that a WebSocket offers, in order. */
  static List<String> subprotocols(HttpHeaders headers) {
    List<String> offered = new ArrayList<>();
    for (String value : headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL)) {
      for (String each : value.split(",", -1)) {
        offered.add(each.strip());
      }
    }
    return offered;
  }

  /**
   * Returns the tokens of the subprotocols {@code lavalier.bearer.<base64url of the token>}; if
   * there is none, the values of the header Authorization, except those of Basic. A browser that
   * remembers a password sends it unasked, and a page needs its own token.
   */
  static List<String> ofWebSocket(HttpHeaders headers) {
    List<String> tokens = new ArrayList<>();
    for (String offered : subprotocols(headers)) {
      if (offered.startsWith(SUBPROTOCOL_PREFIX)) {
        String encoded = offered.substring(SUBPROTOCOL_PREFIX.length());
        tokens.add(BEARER + decoded(Base64.getUrlDecoder(), encoded));
      }
    }
    return tokens.isEmpty()
        ? headers.getAll(HttpHeaderNames.AUTHORIZATION).stream()
            .filter(each -> !isBasic(each))
            .toList()
        : tokens;
  }

  /**
   * Returns the values of the header Authorization. The password of Basic is a token, because
   * players and browsers can send nothing else; its user is ignored.
   */
  static List<String> ofHeader(HttpHeaders headers) {
    return headers.getAll(HttpHeaderNames.AUTHORIZATION).stream()
        .map(WebCredentials::asBearer)
        .toList();
  }

  private static String asBearer(String authorization) {
    if (!isBasic(authorization)) {
      return authorization;
    }
    String userAndPassword =
        decoded(Base64.getDecoder(), authorization.substring(BASIC.length()).strip());
    return BEARER + userAndPassword.substring(userAndPassword.indexOf(':') + 1);
  }

  private static boolean isBasic(String authorization) {
    return authorization.regionMatches(true, 0, BASIC, 0, BASIC.length());
  }

  /** Returns the text; empty if it is malformed, which no token is. */
  private static String decoded(Base64.Decoder decoder, String text) {
    try {
      return new String(decoder.decode(text), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
