package dev.lavalier.netty;

import dev.lavalier.access.RejectionLog;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Limits the number of open connections of all listeners together. Closes a connection beyond the
 * limit at once. Safe for use from any thread.
 */
final class ConnectionLimit {

  private final int maxConnections;
  private final RejectionLog rejections;
  private final AtomicInteger open = new AtomicInteger();

  ConnectionLimit(int maxConnections, RejectionLog rejections) {
    this.maxConnections = maxConnections;
    this.rejections = rejections;
  }

  /**
   * Returns the handler for one listening socket.
   *
   * @param preparation adds the handlers that a connection needs before those of its protocol; runs
   *     on the event loop of the listener
   */
  ChannelHandler acceptor(Consumer<Channel> preparation) {
    return new Acceptor(preparation);
  }

  private boolean admits(Channel connection) {
    if (open.incrementAndGet() > maxConnections) {
      open.decrementAndGet();
      rejections.limitReached(
          PeerAddress.display(connection.remoteAddress()), "", "max-connections is reached");
      return false;
    }
    connection.closeFuture().addListener(closed -> open.decrementAndGet());
    return true;
  }

  /** The handler in the pipeline of a listening socket, used only on its event loop. */
  private final class Acceptor extends AcceptFailureHandler {

    private final Consumer<Channel> preparation;

    Acceptor(Consumer<Channel> preparation) {
      super(rejections);
      this.preparation = preparation;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object accepted) {
      Channel connection = (Channel) accepted;
      if (admits(connection)) {
        preparation.accept(connection);
        context.fireChannelRead(accepted);
      } else {
        connection.unsafe().closeForcibly();
      }
    }
  }
}
