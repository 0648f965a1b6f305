package dev.lavalier.netty;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Formats addresses for logs and messages. An IPv6 address is in brackets. */
public final class PeerAddress {

  private PeerAddress() {}

  /** Returns {@code host:port}, or the text of an address that is not an internet address. */
  public static String display(SocketAddress address) {
    return address instanceof InetSocketAddress internet
        ? display(internet.getAddress()) + ":" + internet.getPort()
        : String.valueOf(address);
  }

  /** Returns the address of a host, without a port. */
  public static String display(InetAddress host) {
    String text = host.getHostAddress();
    return text.contains(":") ? "[" + text + "]" : text;
  }
}
