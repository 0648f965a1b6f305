package dev.lavalier.netty;

import io.netty.channel.unix.PeerCredentials;
import java.net.SocketAddress;

/**
 * The peer of a connection over a Unix socket. The kernel tells who it is: the process that
 * connected cannot choose it. Connections have no address of their own, so the server numbers them.
 * Immutable.
 */
public final class UnixPeer extends SocketAddress {

  private static final long serialVersionUID = 1;

  private final long uid;
  private final int pid;
  private final long number;

  UnixPeer(PeerCredentials credentials, long number) {
    this.uid = Integer.toUnsignedLong(credentials.uid());
    this.pid = credentials.pid();
    this.number = number;
  }

  /** Returns the id of the user whose process connected. */
  public long uid() {
    return uid;
  }

  /** Returns, for example, {@code unix:uid:1000,pid:4711#3}, which identifies the connection. */
  @Override
  public String toString() {
    return "unix:uid:%d,pid:%d#%d".formatted(uid, pid, number);
  }
}
