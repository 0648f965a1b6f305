package dev.lavalier.client.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.ConnectOptions;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.probe.ConnectionFacts;
import dev.lavalier.client.probe.ServerProbe;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Checks whether the server answers, how the connection is encrypted, and whether the server
 * accepts calls. For use by one thread, which it blocks for at most about a minute.
 */
final class ConnectionCheck {

  private static final String SERVER = "server";
  private static final String ACCESS = "access";

  /** In the client's message for a server that is connected, but does not answer a call. */
  private static final String NO_ANSWER = "did not answer in ";

  /** In the client's message for an address at which no connection is made. */
  private static final String NO_CONNECTION = "no connection in ";

  private final ConnectOptions options;
  private final LavalierClient client;
  private final Consumer<Finding> findings;

  ConnectionCheck(ConnectOptions options, LavalierClient client, Consumer<Finding> findings) {
    this.options = options;
    this.client = client;
    this.findings = findings;
  }

  /** Returns the server; empty if it cannot be used. */
  Optional<ServerContact> run() {
    ServerContact.Reply reply;
    try {
      reply = ServerContact.Reply.fastest(client);
    } catch (LavalierException e) {
      explain(e);
      return Optional.empty();
    }
    findings.accept(answer(reply));
    ConnectionFacts facts = ServerProbe.connect(options);
    reportTls(facts);
    findings.accept(Finding.ok(ACCESS, "calls are accepted, " + credential(), Map.of()));
    return Optional.of(new ServerContact(facts, reply));
  }

  private Finding answer(ServerContact.Reply reply) {
    double roundTripMillis = TimeCheck.millis(reply.roundTrip());
    Map<String, JsonElement> values = new LinkedHashMap<>();
    values.put("address", new JsonPrimitive(options.server()));
    values.put(
        "version", reply.version().<JsonElement>map(JsonPrimitive::new).orElse(JsonNull.INSTANCE));
    values.put("round_trip_ms", JsonText.number(roundTripMillis));
    return Finding.ok(
        SERVER,
        "%s, version %s, round trip %.1f ms"
            .formatted(options.server(), reply.version().orElse("unknown"), roundTripMillis),
        values);
  }

  private String credential() {
    if (options.certificate().isPresent()) {
      return "with a client certificate" + (hasToken() ? " and a token" : "");
    }
    return hasToken() ? "with a token" : "without a token";
  }

  private boolean hasToken() {
    return options.token().isPresent();
  }

  /** Reports why the first call failed. */
  private void explain(LavalierException e) {
    switch (e.kind()) {
      case NOT_AUTHENTICATED -> {
        reportAnswer();
        reportTls(ServerProbe.connect(options));
        findings.accept(Finding.fail(ACCESS, message(e), accessAdvice()));
      }
      case TLS_FAILED -> {
        reportAnswer();
        findings.accept(
            CertificateCheck.rejected(
                message(e), ServerProbe.presentedCertificates(options), Instant.now()));
      }
      default -> {
        List<X509Certificate> presented =
            options.tls() || timedOut(e) ? List.of() : ServerProbe.presentedCertificates(options);
        if (presented.isEmpty()) {
          findings.accept(Finding.fail(SERVER, message(e), serverAdvice(e)));
        } else {
          reportAnswer();
          findings.accept(CertificateCheck.expectedTls(presented));
        }
      }
    }
  }

  private void reportTls(ConnectionFacts facts) {
    if (facts.tlsVersion().isPresent() || !options.tls()) { // else: the connection failed
      findings.accept(CertificateCheck.of(facts, Instant.now()));
    }
  }

  private void reportAnswer() {
    findings.accept(
        Finding.ok(
            SERVER,
            options.server() + " accepts connections",
            Map.of("address", new JsonPrimitive(options.server()))));
  }

  private static String message(LavalierException e) {
    return FlagNames.in(e.getMessage());
  }

  private String accessAdvice() {
    return hasToken() || options.certificate().isPresent()
        ? "Ask the operator whether it has expired or was revoked: lavalier-server token list"
        : "Ask the operator for a token, and set --token-file or LAVALIER_TOKEN; or for a client"
            + " certificate, and set --cert and --key";
  }

  /** A server with TLS rejects a call without TLS at once, so another wait would find none. */
  private static boolean timedOut(LavalierException e) {
    return e.getMessage().contains(NO_ANSWER) || e.getMessage().contains(NO_CONNECTION);
  }

  private String serverAdvice(LavalierException e) {
    if (e.kind() == LavalierException.Kind.LIMIT_REACHED) {
      return "Retry later, or ask the operator for a higher limit";
    }
    String address = "Set --server to the address that lavalier-server prints. ";
    if (e.getMessage().contains(NO_ANSWER)) {
      return address + "If it is this one, look at the log of the server, and restart it";
    }
    return options.server().startsWith("unix:")
        ? address + "Check that it runs with --unix-socket, and that your user may use the socket"
        : address + "Check that it runs, and that the firewall allows the port";
  }
}
