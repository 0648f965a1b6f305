package dev.lavalier.client;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server: {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code [IPV6%ZONE]:PORT}.
 * Immutable.
 *
 * @param host a name, an IPv4 address, or an IPv6 address in brackets without the zone
 * @param zone the network interface of a link-local address, by name or number; empty: none
 * @param port the TCP port, 1 to 65535
 */
record ServerAddress(String host, String zone, int port) {

  private static final int MAX_PORT = 65_535;

  private static final Pattern SCOPED = Pattern.compile("(\\[[^%\\]]+)%([-\\w.~]+)(\\]:\\d+)");

  /** The zones that a URI can contain. */
  private static final Pattern URI_ZONE = Pattern.compile("[\\w.]*");

  /**
   * Parses an address.
   *
   * @throws IllegalArgumentException if the text does not have one of the forms; the message is one
   *     line
   */
  static ServerAddress parse(String text) {
    Matcher scoped = SCOPED.matcher(text);
    String zone = scoped.matches() ? scoped.group(2) : "";
    try {
      URI uri =
          new URI(null, zone.isEmpty() ? text : scoped.replaceFirst("$1$3"), null, null, null);
      if (uri.getHost() != null
          && uri.getUserInfo() == null
          && uri.getHost().indexOf('%') < 0
          && uri.getPort() >= 1
          && uri.getPort() <= MAX_PORT) {
        return new ServerAddress(uri.getHost(), zone, uri.getPort());
      }
    } catch (URISyntaxException e) {
      throw malformed(text, e);
    }
    throw malformed(text, null);
  }

  private static IllegalArgumentException malformed(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "server: %s (expected: HOST:PORT, for example 127.0.0.1:50051 or [::1]:50051)"
            .formatted(text.lines().findFirst().orElse("")),
        cause);
  }

  /**
   * Returns the target for gRPC. A URI cannot contain every name of an interface, so other names
   * are replaced by the interface's number.
   *
   * @throws IllegalArgumentException if such a name is not that of an interface
   */
  String target() {
    String uriZone = URI_ZONE.matcher(zone).matches() ? zone : interfaceNumber();
    try {
      return new URI("dns", "", "/" + hostAndPort(uriZone), null).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e); // the constructor quotes what is not valid in a path
    }
  }

  private String interfaceNumber() {
    try {
      return Optional.ofNullable(NetworkInterface.getByName(zone))
          .map(each -> Integer.toString(each.getIndex()))
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "server: %s (expected: a network interface of this machine after %%)"
                          .formatted(hostAndPort(zone))));
    } catch (SocketException e) {
      throw new IllegalArgumentException(
          "server: %s (expected: a network interface of this machine after %%; %s)"
              .formatted(hostAndPort(zone), e.getMessage()),
          e);
    }
  }

  /** Returns host and port without the zone, which has no meaning for the server. */
  String authority() {
    return hostAndPort("");
  }

  private String hostAndPort(String withZone) {
    return withZone.isEmpty()
        ? host + ":" + port
        : host.substring(0, host.length() - 1) + "%" + withZone + "]:" + port;
  }

  /**
   * Returns whether the host is surely loopback. Only {@code localhost} and literal addresses
   * count, because another name may resolve to a different address at the next call.
   */
  boolean isLoopback() {
    byte[] address = NetUtil.createByteArrayFromIpAddressString(host); // null: a name
    try {
      return address == null
          ? isLocalhost()
          : InetAddress.getByAddress(address).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Returns whether the host is known without a name server. */
  boolean needsNoLookup() {
    return isLocalhost() || NetUtil.createByteArrayFromIpAddressString(host) != null;
  }

  private boolean isLocalhost() {
    return host.equalsIgnoreCase("localhost");
  }
}
