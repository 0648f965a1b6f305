package dev.lavalier.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.epoll.AbstractEpollStreamChannel;
import io.netty.channel.epoll.EpollChannelConfig;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import java.io.IOException;
import java.net.SocketAddress;

/**
 * An accepted connection over a Unix socket. Its remote address is a {@link UnixPeer}. In netty's
 * own class, all connections have the same one, so that limits could not tell them apart.
 */
final class UnixConnection extends AbstractEpollStreamChannel {

  /**
   * The size of the send buffer, which limits what waits in the kernel: a Unix socket has no limit
   * of its own for unsent data, and by default it keeps seconds of speech. The kernel doubles the
   * value, and counts at least 768 bytes for each write.
   */
  private static final int SEND_BUFFER_BYTES = 4 << 10;

  private final EpollChannelConfig config = new EpollChannelConfig(this) {};
  private final DomainSocketAddress local;
  private final UnixPeer peer;

  private UnixConnection(EpollDomainSocketChannel accepted, UnixPeer peer) {
    super(accepted.parent(), accepted.fd().intValue());
    this.local = accepted.localAddress();
    this.peer = peer;
  }

  /**
   * Returns the first handler of a listening socket: it replaces netty's connections. Used only on
   * the event loop of the listener.
   */
  static ChannelHandler acceptor() {
    return new ChannelInboundHandlerAdapter() {

      private long connections;

      @Override
      public void channelRead(ChannelHandlerContext context, Object message) {
        EpollDomainSocketChannel accepted = (EpollDomainSocketChannel) message;
        Channel connection;
        try {
          UnixPeer peer = new UnixPeer(accepted.peerCredentials(), ++connections);
          accepted.config().setSendBufferSize(SEND_BUFFER_BYTES);
          connection = new UnixConnection(accepted, peer); // owns the descriptor from now on
        } catch (IOException | RuntimeException e) {
          accepted.unsafe().closeForcibly(); // nothing tells who the peer is
          return;
        }
        context.fireChannelRead(connection);
      }
    };
  }

  @Override
  public EpollChannelConfig config() {
    return config;
  }

  @Override
  protected SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return peer;
  }
}
