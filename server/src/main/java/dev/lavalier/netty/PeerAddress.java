package dev.lavalier.netty;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.OptionalLong;

/** Formats addresses for logs and messages. An IPv6 address is in brackets. */
public final class PeerAddress {

  private PeerAddress() {}

  /** Returns {@code host:port}, or the text of an address that is not an internet address. */
  public static String display(SocketAddress address) {
    return address instanceof InetSocketAddress internet
        ? display(internet.getAddress()) + ":" + internet.getPort()
        : String.valueOf(address);
  }

  /** Returns the id of the user at the other end of a Unix socket; empty: another address. */
  public static OptionalLong uid(SocketAddress address) {
    return address instanceof UnixPeer peer ? OptionalLong.of(peer.uid()) : OptionalLong.empty();
  }

  /** Returns the address of a host, without a port. */
  public static String display(InetAddress host) {
    String text = host.getHostAddress();
    return text.contains(":") ? "[" + text + "]" : text;
  }
}
