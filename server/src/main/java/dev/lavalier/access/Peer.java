package dev.lavalier.access;

import java.security.cert.X509Certificate;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the transport knows about the peer of a connection. Immutable.
 *
 * @param address its address, as logs show it; also identifies its connection
 * @param certificate its certificate, which the transport has verified against the client CA;
 *     empty: none
 * @param uid the id of its user, as the kernel says, if the connection is a Unix socket; empty: it
 *     is not
 * @param via the transport, as the audit log names it; empty: gRPC
 */
public record Peer(
    String address, Optional<X509Certificate> certificate, OptionalLong uid, String via) {

  /** Creates a peer that calls over gRPC. */
  public Peer(String address, Optional<X509Certificate> certificate, OptionalLong uid) {
    this(address, certificate, uid, "");
  }
}
