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
 * The complete configuration of a server.
 *
 * @param address the address to listen on; port 0 selects a free port
 * @param captureFormat the capture format of each device that supports it
 * @param captureFormats the capture formats of single devices, by device id; they take precedence
 * @param period the length of one read from a device
 * @param hub the settings of the hub
 * @param transport the limits of the transport
 * @param demo whether the test tone is the default device if no hardware can be captured
 * @param devices the virtual devices
 * @param allowed the filter for the ids of the devices that the server offers
 * @param tls the TLS of the server; empty: no encryption
 * @param tokens the token file; empty: callers need no token
 * @param metrics the address of the metrics endpoint; empty: the server keeps no metrics
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

  /** Returns whether every caller must be authenticated. */
  boolean requiresAuthentication() {
    return requiresAuthentication(tls, tokens);
  }

  static boolean requiresAuthentication(
      Optional<ServerTls> tls, Optional<Reloadable<TokenFile>> tokens) {
    return tokens.isPresent() || (tls.isPresent() && tls.get().requiresClientCertificates());
  }
}
