package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.regex.Pattern;

/**
 * Logs a failed TLS handshake in one line. Adds the next handlers after a successful one. Used only
 * on the event loop of one connection.
 */
final class TlsHandshakeLogger extends ChannelInboundHandlerAdapter {

  /**
   * Java's message. A Java client sends no certificate if it has none of a CA that the server
   * names.
   */
  private static final String NO_CERTIFICATE = "Empty client certificate chain";

  /** The name of the alert, with which Java 25 starts messages and older versions do not. */
  private static final Pattern ALERT_NAME = Pattern.compile("^\\([a-z_]+\\) ");

  private static final Pattern CLASS_NAME = Pattern.compile("(?:[a-z]+\\.)+[A-Z]\\w+: ");

  private final RejectionLog rejections;
  private final ChannelHandler[] next;
  private boolean receivedData; // the peer has sent data

  /**
   * Creates a handler.
   *
   * @param next the handlers that it adds after TLS when the handshake has succeeded
   */
  TlsHandshakeLogger(RejectionLog rejections, ChannelHandler... next) {
    this.rejections = rejections;
    this.next = next;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) throws Exception {
    SslHandler tls = context.pipeline().get(SslHandler.class);
    SocketAddress peer = context.channel().remoteAddress();
    tls.handshakeFuture()
        .addListener(
            done -> {
              if (!done.isSuccess() && receivedData) { // else: a port scan or health probe
                rejections.rejected(
                    PeerAddress.display(peer), "TLS handshake, " + reason(done.cause()));
              }
              if (done.isSuccess() && context.channel().isActive()) {
                for (int i = next.length - 1; i >= 0; i--) { // each directly after TLS
                  context
                      .pipeline()
                      .addAfter(context.pipeline().context(tls).name(), null, next[i]);
                }
              }
              if (!context.isRemoved()) {
                context.pipeline().remove(this);
              }
            });
    super.channelActive(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    receivedData = true;
    context.fireChannelRead(message);
  }

  private static String reason(Throwable cause) {
    if (cause instanceof NotSslRecordException) { // its message contains the data, perhaps a token
      return "the peer did not send TLS";
    }
    if (cause instanceof ClosedChannelException) {
      return "the connection was closed during the handshake";
    }
    Throwable root = cause;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String message = String.valueOf(cause.getMessage());
    if (root.getMessage() != null && !message.contains(root.getMessage())) {
      message += ": " + root.getMessage();
    }
    message = ALERT_NAME.matcher(message).replaceFirst("");
    return message.equals(NO_CERTIFICATE)
        ? "the client sent no certificate, or has none of the client CA"
        : CLASS_NAME.matcher(message).replaceAll("");
  }
}
