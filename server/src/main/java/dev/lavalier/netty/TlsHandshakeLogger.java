package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.regex.Pattern;

/** Logs a handshake that fails, in one line. Used on one connection's event loop only. */
final class TlsHandshakeLogger extends ChannelInboundHandlerAdapter {

  /** Java's words; its clients show no certificate if they have none of a CA that we named. */
  private static final String NO_CERTIFICATE = "Empty client certificate chain";

  /** Java 25 begins with the alert's name, older ones do not. */
  private static final Pattern ALERT_NAME = Pattern.compile("^\\([a-z_]+\\) ");

  private static final Pattern CLASS_NAME = Pattern.compile("(?:[a-z]+\\.)+[A-Z]\\w+: ");

  private final RejectionLog rejections;
  private boolean receivedData; // the peer has said something

  TlsHandshakeLogger(RejectionLog rejections) {
    this.rejections = rejections;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) throws Exception {
    SslHandler tls = context.pipeline().get(SslHandler.class);
    SocketAddress peer = context.channel().remoteAddress();
    tls.handshakeFuture()
        .addListener(
            done -> {
              if (!done.isSuccess()
                  && receivedData) { // else somebody looks whether the port is there
                rejections.rejected(
                    PeerAddress.display(peer), "TLS handshake, " + reason(done.cause()));
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
    if (cause instanceof NotSslRecordException) { // its message is what came, a token perhaps
      return "what came is not TLS";
    }
    if (cause instanceof ClosedChannelException) {
      return "the connection was closed meanwhile";
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
        ? "the client showed no certificate, or has none of the client CA"
        : CLASS_NAME.matcher(message).replaceAll("");
  }
}
