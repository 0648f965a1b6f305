package dev.lavalier.app;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.virtual.VirtualDevice;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.ServerTls;
import dev.lavalier.netty.TransportLimits;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What a server is started with.
 *
 * @param address where it listens; port 0 takes a free one
 * @param captureFormat the capture format, for each device that offers it
 * @param captureFormats the same for single devices, by their ids
 * @param period how much is read from a device at a time
 * @param hub the hub's settings
 * @param transport what a peer may take of the transport
 * @param demo whether the tone is the default where no hardware can be captured
 * @param devices the virtual devices
 * @param allowed which devices may be seen at all, by their ids
 * @param tls the server's certificate; empty: no encryption
 * @param tokens who has access; empty: no token is asked for
 * @param metrics where figures are told; empty: nowhere
 */
record ServerConfig(
    InetSocketAddress address,
    PcmFormat captureFormat,
    Map<String, PcmFormat> captureFormats,
    Duration period,
    HubConfig hub,
    TransportLimits transport,
    boolean demo,
    List<VirtualDevice> devices,
    Predicate<String> allowed,
    Optional<ServerTls> tls,
    Optional<Reloadable<TokenFile>> tokens,
    Optional<InetSocketAddress> metrics) {

  /** Returns whether a caller must be known. */
  boolean requiresAuthentication() {
    return requiresAuthentication(tls, tokens);
  }

  static boolean requiresAuthentication(
      Optional<ServerTls> tls, Optional<Reloadable<TokenFile>> tokens) {
    return tokens.isPresent() || (tls.isPresent() && tls.get().requiresClientCertificates());
  }
}
