package dev.lavalier.client.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.probe.ConnectionFacts;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Judges the encryption of a connection and the certificates of both sides. */
final class CertificateCheck {

  private static final String TLS = "tls";
  private static final int MIN_DAYS = 14;
  private static final int DNS_NAME = 2; // RFC 5280, GeneralName
  private static final int IP_ADDRESS = 7;

  private CertificateCheck() {}

  /** Judges a connection that was established. */
  static Finding of(ConnectionFacts facts, Instant now) {
    if (facts.serverCertificates().isEmpty()) {
      return facts.isLocal()
          ? Finding.ok(TLS, "not used, the server is on this machine", values(List.of(), now))
          : Finding.warn(
              TLS,
              "not used, so others on the network can listen",
              "Ask the operator for TLS (--tls-cert), and set --ca",
              values(List.of(), now));
    }
    String message =
        "%s, certificate %s"
            .formatted(facts.tlsVersion().orElse("TLS"), describe(facts.serverCertificates(), now));
    Map<String, JsonElement> values = values(facts.serverCertificates(), now);
    if (daysLeft(facts.serverCertificates(), now) < MIN_DAYS) {
      return Finding.warn(
          TLS,
          message,
          "Ask the operator to renew it; the server uses a replaced file without a restart",
          values);
    }
    if (!facts.ownCertificates().isEmpty() && daysLeft(facts.ownCertificates(), now) < MIN_DAYS) {
      return Finding.warn(
          TLS,
          message + "; this client's certificate " + describe(facts.ownCertificates(), now),
          "Ask the operator for a new certificate for --cert",
          values);
    }
    return Finding.ok(TLS, message, values);
  }

  /**
   * Judges a handshake that failed.
   *
   * @param message why it failed
   * @param presented what the server presented; empty: it does not use TLS
   */
  static Finding rejected(String message, List<X509Certificate> presented, Instant now) {
    if (presented.isEmpty()) {
      return Finding.fail(
          TLS, message, "If the server does not use TLS, omit --tls, --ca, --cert and --key");
    }
    String found = message + "; the certificate is " + describe(presented, now);
    X509Certificate own = presented.get(0);
    if (own.getNotAfter().toInstant().isBefore(now)) {
      return Finding.fail(TLS, found, "Ask the operator to renew it");
    }
    return own.getNotBefore().toInstant().isAfter(now)
        ? Finding.fail(TLS, found, "Set the clock of this machine, or wait until it is valid")
        : Finding.fail(
            TLS,
            found,
            "Use one of its names in --server or --server-name, and the certificate of its issuer"
                + " in --ca");
  }

  /** Reports that a client without TLS has called a server with TLS. */
  static Finding expectedTls(List<X509Certificate> presented) {
    return Finding.fail(
        TLS,
        "the server uses TLS, and this client does not; the certificate is for %s, issued by %s"
            .formatted(names(presented.get(0)), issuer(presented.get(0))),
        "Set --ca to the certificate of its issuer; or --tls, if Java trusts it");
  }

  private static String describe(List<X509Certificate> chain, Instant now) {
    X509Certificate own = chain.get(0);
    Instant end = end(chain);
    long days = daysLeft(chain, now);
    return "for %s, issued by %s, %s %s (%s)"
        .formatted(
            names(own),
            issuer(own),
            end.isBefore(now) ? "expired at" : "valid until",
            end,
            days == 1 ? "1 day" : Math.abs(days) + " days");
  }

  private static long daysLeft(List<X509Certificate> chain, Instant now) {
    return ChronoUnit.DAYS.between(now, end(chain));
  }

  /** Returns when the first of the certificates expires. */
  private static Instant end(List<X509Certificate> chain) {
    Instant end = Instant.MAX;
    for (X509Certificate certificate : chain) {
      Instant next = certificate.getNotAfter().toInstant();
      end = next.isBefore(end) ? next : end;
    }
    return end;
  }

  private static String issuer(X509Certificate certificate) {
    return certificate.getIssuerX500Principal().getName();
  }

  private static String names(X509Certificate certificate) {
    return String.join(", ", listNames(certificate));
  }

  /** Returns the host names and addresses, or the subject if there are none. */
  private static List<String> listNames(X509Certificate certificate) {
    List<String> names = new ArrayList<>();
    try {
      Collection<List<?>> all = certificate.getSubjectAlternativeNames();
      if (all != null) {
        for (List<?> name : all) {
          if (name.get(0).equals(DNS_NAME) || name.get(0).equals(IP_ADDRESS)) {
            names.add(String.valueOf(name.get(1)));
          }
        }
      }
    } catch (CertificateParsingException e) {
      return List.of("names that cannot be read");
    }
    return names.isEmpty() ? List.of(certificate.getSubjectX500Principal().getName()) : names;
  }

  private static Map<String, JsonElement> values(List<X509Certificate> chain, Instant now) {
    Map<String, JsonElement> values = new LinkedHashMap<>();
    values.put("encrypted", new JsonPrimitive(!chain.isEmpty()));
    JsonArray names = new JsonArray();
    values.put("names", names);
    values.put("valid_until", JsonNull.INSTANCE);
    values.put("days_left", JsonNull.INSTANCE);
    if (!chain.isEmpty()) {
      listNames(chain.get(0)).forEach(names::add);
      values.put("valid_until", new JsonPrimitive(end(chain).toString()));
      values.put("days_left", new JsonPrimitive(daysLeft(chain, now)));
    }
    return values;
  }
}
