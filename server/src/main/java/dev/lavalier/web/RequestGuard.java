package dev.lavalier.web;

import dev.lavalier.access.ServerCertificate;
import dev.lavalier.common.LogText;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.security.cert.CertificateParsingException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decides by the headers Host and Origin whether a request was meant for this server. Browsers send
 * requests of any web site to any address, and do not ask before they open a WebSocket. Without
 * this check, every web site could listen to a microphone of the machine that shows it.
 *
 * <p>Host must be a name or an address of this server, so that a site cannot point its own domain
 * to this server (DNS rebinding). Origin, which browsers set, must be the origin of the page of
 * this server, or one that the operator allows. Immutable; safe for use from any thread.
 */
final class RequestGuard {

  private static final Pattern HOST =
      Pattern.compile("(\\[[0-9a-f:.]+]|[a-z0-9._-]+)(:[0-9]{1,5})?");

  private static final Pattern ORIGIN =
      Pattern.compile("(https?)://(\\[[0-9a-f:.]+]|[a-z0-9._-]+)(:[0-9]{1,5})?");

  /** Types of names in a certificate (RFC 5280). */
  private static final int DNS_NAME = 2;

  private static final int IP_ADDRESS = 7;

  /** In which relation the page is to the server. Browsers set it; no page can. */
  private static final String FETCH_SITE = "Sec-Fetch-Site";

  private static final Set<String> OWN_SITES = Set.of("same-origin", "none");

  private final Set<String> origins;
  private final Set<String> originHosts;
  private final Optional<? extends ServerCertificate> certificate;

  /**
   * Creates a guard.
   *
   * @param origins the origins that are allowed besides that of the server, as {@link
   *     #normalizedOrigin} returns them
   * @param certificate the certificate of the server, whose names are names of the server; empty:
   *     no encryption
   */
  RequestGuard(Collection<String> origins, Optional<? extends ServerCertificate> certificate) {
    this.origins = Set.copyOf(origins);
    this.originHosts =
        origins.stream().map(RequestGuard::hostOfOrigin).collect(Collectors.toUnmodifiableSet());
    this.certificate = certificate;
  }

  /**
   * Returns an origin as browsers send it: in lower case, without the default port; empty: it is
   * none.
   */
  static Optional<String> normalizedOrigin(String origin) {
    Matcher parts = ORIGIN.matcher(origin.toLowerCase(Locale.ROOT));
    if (!parts.matches()) {
      return Optional.empty();
    }
    String defaultPort = parts.group(1).equals("https") ? ":443" : ":80";
    String port =
        parts.group(3) == null || parts.group(3).equals(defaultPort) ? "" : parts.group(3);
    return Optional.of(parts.group(1) + "://" + parts.group(2) + port);
  }

  private static String hostOfOrigin(String origin) {
    return hostOf(origin.substring(origin.indexOf("://") + 3)).orElseThrow();
  }

  /** Returns the host in a header Host, in lower case and without the port; empty: malformed. */
  private static Optional<String> hostOf(String header) {
    Matcher parts = HOST.matcher(header.toLowerCase(Locale.ROOT));
    return parts.matches()
        ? Optional.of(parts.group(1).replaceFirst("\\.$", ""))
        : Optional.empty();
  }

  /**
   * Gives a request the form in which browsers send it, if its target is a URL with the scheme of
   * this server: the path is the target, and the host of the URL replaces Host (RFC 9112, 3.2.2).
   */
  void toOriginForm(HttpRequest request) {
    String target = request.uri();
    String start = scheme() + "://";
    if (!target.regionMatches(true, 0, start, 0, start.length())) {
      return;
    }
    int end = start.length();
    while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
      end++;
    }
    String path = target.substring(end);
    String host = LogText.sanitize(target.substring(start.length(), end)); // valid in a header
    request.headers().set(HttpHeaderNames.HOST, host);
    request.setUri(path.startsWith("/") ? path : "/" + path);
  }

  private String scheme() {
    return certificate.isPresent() ? "https" : "http";
  }

  /**
   * Returns why a request is refused, in one line; empty: it is accepted.
   *
   * @param local the address at which the server got the request
   */
  Optional<String> refusal(HttpHeaders headers, SocketAddress local) {
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    Optional<String> own =
        hosts.size() == 1 ? normalizedOrigin(scheme() + "://" + hosts.get(0)) : Optional.empty();
    if (hosts.size() != 1 || !isOurs(hosts.get(0), local)) {
      return Optional.of(
          "host: %s (expected: a name or address of this server%s)"
              .formatted(
                  Responses.shown(hosts),
                  own.map("; if it is one, add --web-origin %s"::formatted).orElse("")));
    }
    List<String> sent = headers.getAll(HttpHeaderNames.ORIGIN);
    if (sent.isEmpty() || (sent.size() == 1 && isAllowed(sent.get(0), own))) {
      return Optional.empty();
    }
    return Optional.of(
        "origin: %s (expected: %s, or one that web-origin lists)"
            .formatted(Responses.shown(sent), own.orElse("that of this server")));
  }

  /**
   * Returns why a request is refused that a browser makes for a page of another site without the
   * header Origin, such as that of an element audio; empty: it is accepted.
   */
  static Optional<String> crossSiteRefusal(HttpHeaders headers) {
    List<String> sites = headers.getAll(FETCH_SITE);
    return sites.stream().allMatch(OWN_SITES::contains)
        ? Optional.empty()
        : Optional.of(
            "%s: %s (expected: same-origin or none)".formatted(FETCH_SITE, Responses.shown(sites)));
  }

  private boolean isAllowed(String origin, Optional<String> own) {
    Optional<String> normalized = normalizedOrigin(origin);
    return normalized.isPresent() && (normalized.equals(own) || origins.contains(normalized.get()));
  }

  private boolean isOurs(String header, SocketAddress local) {
    Optional<String> parsed = hostOf(header);
    if (parsed.isEmpty()) {
      return false;
    }
    String host = parsed.get();
    if (host.equals("localhost") || host.endsWith(".localhost") || originHosts.contains(host)) {
      return true;
    }
    InetAddress address = address(host);
    if (address != null
        && (address.isLoopbackAddress()
            || (local instanceof InetSocketAddress internet
                && address.equals(internet.getAddress())))) {
      return true;
    }
    return certificate.isPresent() && isNamed(certificate.get(), host, address);
  }

  /** Returns the address that a host is; null: it is a name. */
  private static @Nullable InetAddress address(String host) {
    return NetUtil.createInetAddressFromIpAddressString(host.replaceAll("[\\[\\]]", ""));
  }

  private static boolean isNamed(
      ServerCertificate certificate, String host, @Nullable InetAddress address) {
    try {
      Collection<List<?>> names =
          certificate.material().chain().get(0).getSubjectAlternativeNames();
      return names != null && names.stream().anyMatch(name -> matches(name, host, address));
    } catch (CertificateParsingException e) {
      return false; // clients do not accept its names either
    }
  }

  private static boolean matches(List<?> name, String host, @Nullable InetAddress address) {
    String value = String.valueOf(name.get(1)).toLowerCase(Locale.ROOT);
    return switch ((int) name.get(0)) {
      case DNS_NAME ->
          value.equals(host)
              || (value.startsWith("*.")
                  && host.indexOf('.') > 0
                  && value.substring(1).equals(host.substring(host.indexOf('.'))));
      case IP_ADDRESS -> address != null && address.equals(address(value));
      default -> false;
    };
  }
}
