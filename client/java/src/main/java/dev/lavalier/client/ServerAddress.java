package dev.lavalier.client;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a server: {@code HOST:PORT}, {@code [IPV6]:PORT} or {@code [IPV6%ZONE]:PORT}, or,
 * for a Unix socket, {@code unix:PATH} or {@code unix:///ABSOLUTE/PATH}. Immutable.
 *
 * @param host a name, an IPv4 address, or an IPv6 address in brackets without the zone; empty if
 *     there is a path
 * @param zone the network interface of a link-local address, by name or number; empty: none
 * @param port the TCP port, 1 to 65535; 0 if there is a path
 * @param path the file of a Unix socket; empty: none
 */
record ServerAddress(String host, String zone, int port, String path) {

  private static final String UNIX = "unix:";

  /** The limit of the kernel, without the byte that ends the name. */
  private static final int MAX_PATH_BYTES = 107;

  /** What a server sees as the host that was called over a Unix socket, as with other clients. */
  private static final String LOCAL_AUTHORITY = "localhost";

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
    if (text.startsWith(UNIX)) {
      return unixSocket(text);
    }
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
        return new ServerAddress(uri.getHost(), zone, uri.getPort(), "");
      }
    } catch (URISyntaxException e) {
      throw malformed(text, e);
    }
    throw malformed(text, null);
  }

  /** Returns whether a text is a host: a name, an IPv4 address, or an IPv6 address in brackets. */
  static boolean isHost(String text) {
    try {
      return parse(text + ":1").host().equals(text);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static ServerAddress unixSocket(String text) {
    String path = text.substring(UNIX.length()).replaceFirst("^///", "/");
    int bytes = path.getBytes(StandardCharsets.UTF_8).length;
    if (path.isEmpty() || path.startsWith("//") || path.chars().anyMatch(c -> c < ' ')) {
      throw new IllegalArgumentException(
          "server: %s (expected: unix:PATH, for example unix:/run/lavalier/lavalier.sock)"
              .formatted(text.split("[\\x00-\\x1f]", 2)[0]));
    }
    if (bytes > MAX_PATH_BYTES) {
      throw new IllegalArgumentException(
          "server: %s (expected: a path of at most %d bytes, not %d)"
              .formatted(text, MAX_PATH_BYTES, bytes));
    }
    return new ServerAddress("", "", 0, path);
  }

  /** Returns whether this is the address of a Unix socket. */
  boolean isUnixSocket() {
    return !path.isEmpty();
  }

  private static IllegalArgumentException malformed(String text, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "server: %s (expected: %s)"
            .formatted(
                text.lines().findFirst().orElse(""),
                text.startsWith("/")
                    ? "unix:" + text.lines().findFirst().orElse("") + " for a Unix socket"
                    : "HOST:PORT, for example 127.0.0.1:50051 or [::1]:50051"),
        cause);
  }

  /**
   * Returns the target for gRPC of a host and port. A URI cannot contain every name of an
   * interface, so other names are replaced by the interface's number.
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
    return isUnixSocket() ? LOCAL_AUTHORITY : hostAndPort("");
  }

  private String hostAndPort(String withZone) {
    return withZone.isEmpty()
        ? host + ":" + port
        : host.substring(0, host.length() - 1) + "%" + withZone + "]:" + port;
  }

  /**
   * Returns whether the server is surely on this machine: at a Unix socket or on loopback. Only
   * {@code localhost} and literal addresses count, because another name may resolve to a different
   * address at the next call.
   */
  boolean isLocal() {
    return isUnixSocket() || isLoopback();
  }

  private boolean isLoopback() {
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
    return isUnixSocket()
        || isLocalhost()
        || NetUtil.createByteArrayFromIpAddressString(host) != null;
  }

  private boolean isLocalhost() {
    return host.equalsIgnoreCase("localhost");
  }
}
