package dev.lavalier.netty;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Addresses as logs and messages show them: an IPv6 address stands in brackets. */
public final class PeerAddress {

  private PeerAddress() {}

  /** Returns {@code host:port}, or the address's own text if it is not one of the internet. */
  public static String display(SocketAddress address) {
    return address instanceof InetSocketAddress internet
        ? display(internet.getAddress()) + ":" + internet.getPort()
        : String.valueOf(address);
  }

  /** Returns the host by itself. */
  public static String display(InetAddress host) {
    String text = host.getHostAddress();
    return text.contains(":") ? "[" + text + "]" : text;
  }
}
