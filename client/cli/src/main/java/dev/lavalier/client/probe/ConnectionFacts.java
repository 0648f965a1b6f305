package dev.lavalier.client.probe;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a connection tells about a server. Immutable.
 *
 * @param isLocal whether the connection does not leave this machine
 * @param tlsVersion the version of TLS, for people; empty: the connection is not encrypted
 * @param serverCertificates the certificates that the server presented, its own first; empty
 *     without TLS
 * @param ownCertificates the certificates that this client presented, its own first; empty: none
 * @param sampleRatesHz the sample rates that the sound system lists for each device, by device ID;
 *     without the devices for which it lists none or any rate
 * @param virtualDevices the IDs of the devices of the server that are no hardware: its test tone
 *     and its WAV files
 */
public record ConnectionFacts(
    boolean isLocal,
    Optional<String> tlsVersion,
    List<X509Certificate> serverCertificates,
    List<X509Certificate> ownCertificates,
    Map<String, Set<Integer>> sampleRatesHz,
    Set<String> virtualDevices) {

  /** Copies the collections. */
  public ConnectionFacts {
    serverCertificates = List.copyOf(serverCertificates);
    ownCertificates = List.copyOf(ownCertificates);
    sampleRatesHz = Map.copyOf(sampleRatesHz);
    virtualDevices = Set.copyOf(virtualDevices);
  }
}
