package dev.lavalier.client;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.io.FileNotFoundException;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The reasons why a server did not answer, for people: one line, without names of the transport.
 */
final class ConnectionFailure {

  /** Netty's default. */
  private static final int HANDSHAKE_TIMEOUT_MS = 10_000;

  /** In the transport's message for a connection that took too long. */
  private static final Pattern CONNECT_TIMEOUT = Pattern.compile(" after (\\d{1,9}) ms");

  /** The transport's message for a failed system call. */
  private static final Pattern SYSTEM_CALL = Pattern.compile(".* failed with error\\(-?\\d+\\): ");

  /** The transport's message for a peer whose first bytes are not HTTP/2. */
  private static final String NOT_HTTP2 = "First received frame was not SETTINGS";

  private ConnectionFailure() {}

  /** Returns the reason for a failed connection. */
  static String reason(Throwable cause) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof UnknownHostException) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith("no such interface") ? message : "the host name is unknown";
      } else if (e instanceof ConnectTimeoutException) {
        Matcher after = CONNECT_TIMEOUT.matcher(String.valueOf(e.getMessage()));
        return "no connection in %s; check the address and the firewall"
            .formatted(after.find() ? Timeouts.text(Long.parseLong(after.group(1))) : "time");
      } else if (e instanceof SslHandshakeTimeoutException) {
        return silence(HANDSHAKE_TIMEOUT_MS, true);
      } else if (e instanceof FileNotFoundException) {
        return "no such file; is lavalier-server running with --unix-socket?";
      } else if (isOtherProtocol(e)) {
        return "it does not speak HTTP/2";
      }
    }
    Matcher systemCall = SYSTEM_CALL.matcher(rootCauseMessage(cause));
    String message = systemCall.replaceFirst("");
    if (message.startsWith("Connection refused")) {
      return "connection refused; is lavalier-server running?";
    }
    if (message.startsWith("Permission denied")) {
      return "permission denied; your user needs write permission for the socket's file";
    }
    return message.startsWith("Connection ") ? "c" + message.substring(1) : message;
  }

  /** Returns whether the first bytes of the peer were not HTTP/2. */
  static boolean isOtherProtocol(Throwable e) {
    return e instanceof Http2Exception && String.valueOf(e.getMessage()).startsWith(NOT_HTTP2);
  }

  /**
   * Returns the reason for a server that did not answer in time.
   *
   * @param connected whether there was a connection
   */
  static String silence(long millis, boolean connected) {
    return (connected
            ? "it accepted the connection, but did not answer in "
            : "it did not answer in ")
        + Timeouts.text(millis);
  }

  /** Returns the first line of the root cause's message, which is the most specific one. */
  static String rootCauseMessage(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null
        ? deepest.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }
}
