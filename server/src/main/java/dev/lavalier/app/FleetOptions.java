package dev.lavalier.app;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options for a server of a fleet. A server without {@code --fleet} loads no class of the
 * fleet, so this class uses none.
 */
final class FleetOptions {

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");
  private static final Pattern NUMERIC_LOOPBACK =
      Pattern.compile("127\\.\\d+\\.\\d+\\.\\d+|\\[::1]");
  private static final String URL_SYNTAX = "nats://HOST[:PORT] or tls://HOST[:PORT]";
  private static final String ALL = "*";

  @Option(
      names = "--fleet",
      paramLabel = "URL[,URL...]",
      description =
          "Connect to the fleet through these servers of NATS: nats://HOST:PORT or tls://HOST:PORT."
              + " Any host other than loopback requires tls:// and a key or certificate.")
  private @Nullable String servers;

  @Option(
      names = "--fleet-node",
      paramLabel = "ID",
      description =
          "Share devices of this machine with the edges of the fleet, under this id: at most 40 of"
              + " a-z, 0-9 and -. Each node has an id of its own.")
  private @Nullable String node;

  @Option(
      names = "--fleet-share",
      paramLabel = "DEVICE_ID",
      description =
          "Share this device of a node. * means all. Can be repeated. Default: no device.")
  private final Set<String> shared = new LinkedHashSet<>();

  @Option(
      names = "--fleet-record",
      paramLabel = "DEVICE_ID",
      description =
          "Let nats-server record this shared device of a node while an edge needs it. Can be"
              + " repeated. Default: no device.")
  private final Set<String> recorded = new LinkedHashSet<>();

  @Option(
      names = "--fleet-state",
      paramLabel = "FILE",
      description =
          "File in which a node keeps the number of the last epoch of each device, so that they grow"
              + " even if its clock is set back. Created if it does not exist. Default: fleet-epochs"
              + " in the state directory of the systemd unit, if it has one.")
  private @Nullable Path state;

  @Option(
      names = "--fleet-edge",
      paramLabel = "ID",
      description =
          "Serve the devices of all nodes, as NODE/DEVICE, in place of those of this machine. Each"
              + " edge has an id of its own.")
  private @Nullable String edge;

  @Option(
      names = "--fleet-key",
      paramLabel = "FILE",
      description =
          "Seed of the key that identifies this server to NATS, which lavalier-server fleet-key"
              + " makes.")
  private @Nullable Path key;

  @Option(
      names = "--fleet-ca",
      paramLabel = "FILE",
      description =
          "CAs that sign the certificates of the servers of NATS. PEM form. Default: those of the"
              + " JVM.")
  private @Nullable Path ca;

  @Option(
      names = "--fleet-cert",
      paramLabel = "FILE",
      description =
          "Certificate of this server for NATS in PEM form, followed by its chain. Read again for"
              + " each connection.")
  private @Nullable Path certificate;

  @Option(
      names = "--fleet-private-key",
      paramLabel = "FILE",
      description = "Private key of --fleet-cert: PEM, PKCS #8, no password.")
  private @Nullable Path privateKey;

  @Option(
      names = "--fleet-old-engine",
      description =
          "Accept a server of NATS before 2.10.26. There, an edge that stops reading delays the"
              + " others.")
  private boolean oldEngine;

  /** The role of a server in a fleet. */
  enum Role {
    /** It shares its devices. */
    NODE,
    /** It serves the devices of nodes. */
    EDGE
  }

  /**
   * The values of the options.
   *
   * @param servers the URLs of the servers of NATS
   * @param name the id of the node or edge
   * @param shared the ids of the devices that a node shares; {@code *} for all
   * @param recorded the ids of the devices that nats-server records
   * @param state the file with the last epochs of a node; empty: it keeps none
   * @param key the file with the seed of the key; empty: no key
   * @param tls the files for TLS; empty: none is named
   * @param oldEngine whether an old server of NATS is accepted
   * @param unprotected for the warning: the first server to which the connection is not protected;
   *     empty: none
   */
  record Values(
      List<String> servers,
      Role role,
      String name,
      Set<String> shared,
      Set<String> recorded,
      Optional<Path> state,
      Optional<Path> key,
      Optional<Tls> tls,
      boolean oldEngine,
      Optional<String> unprotected) {

    /** Returns the ids of the devices that a node shares, without the {@code *}. */
    Set<String> named() {
      return shared.stream().filter(id -> !id.equals(ALL)).collect(Collectors.toSet());
    }

    /** Returns whether a node shares a device. */
    boolean isShared(String deviceId) {
      return shared.contains(ALL) || shared.contains(deviceId);
    }
  }

  /**
   * The files for TLS. A certificate has a private key.
   *
   * @param ca empty: the CAs of the JVM
   */
  record Tls(Optional<Path> ca, Optional<Path> certificate, Optional<Path> privateKey) {}

  /**
   * Checks the options and returns their values. Reads the files of keys and certificates.
   *
   * @param insecure whether connections without protection are allowed
   * @param allowed the filter for the ids of the devices that the server offers
   * @return empty: the server is in no fleet
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Optional<Values> values(boolean insecure, Predicate<String> allowed) {
    if (servers == null) {
      requireFleet();
      return Optional.empty();
    }
    if (node != null && edge != null) {
      throw new IllegalArgumentException(
          "fleet-edge: %s (expected: not together with --fleet-node)".formatted(edge));
    }
    if (node == null && edge == null) {
      throw new IllegalArgumentException(
          "fleet: %s (expected: --fleet-node or --fleet-edge as well)".formatted(servers));
    }
    Role role = node != null ? Role.NODE : Role.EDGE;
    String name = node != null ? checkName("fleet-node", node) : checkName("fleet-edge", edge);
    checkShared(role, allowed);
    checkRecorded(role);
    if (role == Role.EDGE) {
      refuseIfSet("fleet-state", state, "--fleet-node; an edge numbers no epochs");
    }
    checkTls();
    List<URI> urls = urls(servers);
    Optional<String> unprotected = unprotected(urls);
    if (unprotected.isPresent() && !insecure) {
      throw new IllegalArgumentException(
          ("fleet: %s (expected: a loopback address; any other address requires tls://, and"
                  + " --fleet-key or --fleet-cert. Add --insecure to connect without protection)")
              .formatted(unprotected.get()));
    }
    Values values =
        new Values(
            urls.stream().map(URI::toString).toList(),
            role,
            name,
            shared,
            recorded,
            Optional.ofNullable(state).or(() -> defaultState(role)),
            Optional.ofNullable(key),
            ca == null && certificate == null
                ? Optional.empty()
                : Optional.of(
                    new Tls(
                        Optional.ofNullable(ca),
                        Optional.ofNullable(certificate),
                        Optional.ofNullable(privateKey))),
            oldEngine,
            unprotected);
    FleetMember.checkFiles(values);
    return Optional.of(values);
  }

  /** A packaged node has a file without an option, because it must not depend on its clock. */
  private static Optional<Path> defaultState(Role role) {
    String directory = System.getenv().getOrDefault("STATE_DIRECTORY", "");
    return role == Role.NODE && !directory.isEmpty()
        ? Optional.of(Path.of(directory.split(":", -1)[0], "fleet-epochs"))
        : Optional.empty();
  }

  /** Refuses the other options if {@code --fleet} is not set. */
  private void requireFleet() {
    refuseIfSet("fleet-node", node, "--fleet as well");
    refuseIfSet("fleet-edge", edge, "--fleet as well");
    refuseIfSet("fleet-share", first(shared), "--fleet as well");
    refuseIfSet("fleet-record", first(recorded), "--fleet as well");
    refuseIfSet("fleet-state", state, "--fleet as well");
    refuseIfSet("fleet-key", key, "--fleet as well");
    refuseIfSet("fleet-ca", ca, "--fleet as well");
    refuseIfSet("fleet-cert", certificate, "--fleet as well");
    refuseIfSet("fleet-private-key", privateKey, "--fleet as well");
    refuseIfSet("fleet-old-engine", oldEngine ? "true" : null, "--fleet as well");
  }

  private static void refuseIfSet(String setting, @Nullable Object value, String expected) {
    if (value != null) {
      throw new IllegalArgumentException(
          "%s: %s (expected: %s)".formatted(setting, value, expected));
    }
  }

  private static @Nullable String first(Set<String> values) {
    return values.isEmpty() ? null : values.iterator().next();
  }

  private static String checkName(String setting, @Nullable String name) {
    if (name == null || !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "%s: %s (expected: at most 40 of a-z, 0-9 and -, not - first)"
              .formatted(setting, name == null || name.isEmpty() ? "empty" : name));
    }
    return name;
  }

  private void checkShared(Role role, Predicate<String> allowed) {
    Checks.noneEmpty("fleet-share", shared);
    for (String id : shared) {
      if (role == Role.EDGE) {
        refuseIfSet("fleet-share", id, "--fleet-node; an edge has no devices of its own");
      }
      if (!id.equals(ALL) && !allowed.test(id)) {
        refuseIfSet("fleet-share", id, "a device that --allow-device lists");
      }
    }
  }

  private void checkRecorded(Role role) {
    Checks.noneEmpty("fleet-record", recorded);
    for (String id : recorded) {
      if (role == Role.EDGE) {
        refuseIfSet("fleet-record", id, "--fleet-node; an edge has no devices of its own");
      }
      if (!shared.contains(ALL) && !shared.contains(id)) {
        refuseIfSet("fleet-record", id, "a device that --fleet-share lists");
      }
    }
  }

  private void checkTls() {
    if (certificate != null && privateKey == null) {
      refuseIfSet("fleet-cert", certificate, "--fleet-private-key as well");
    }
    if (privateKey != null && certificate == null) {
      refuseIfSet("fleet-private-key", privateKey, "--fleet-cert as well");
    }
  }

  private List<URI> urls(String list) {
    List<URI> urls = new ArrayList<>();
    for (String text : list.split(",", -1)) {
      URI url = url(text);
      urls.add(url);
      if (!url.getScheme().equals(urls.get(0).getScheme())) {
        throw new IllegalArgumentException(
            "fleet: %s (expected: %s://, like the first one)"
                .formatted(text, urls.get(0).getScheme()));
      }
    }
    boolean encrypted = urls.get(0).getScheme().equals("tls");
    if (!encrypted) {
      refuseIfSet("fleet-ca", ca, "--fleet with tls:// URLs");
      refuseIfSet("fleet-cert", certificate, "--fleet with tls:// URLs");
    }
    return urls;
  }

  /** A password in a URL would be visible in the list of processes, so a URL has none. */
  private static URI url(String text) {
    try {
      URI url = new URI(text);
      String scheme = url.getScheme();
      if (scheme != null
          && Set.of("nats", "tls").contains(scheme)
          && url.getHost() != null
          && url.getUserInfo() == null
          && url.getPath().isEmpty()
          && url.getQuery() == null
          && url.getFragment() == null
          && url.getPort() <= 65_535
          && url.getPort() != 0) {
        return url;
      }
    } catch (URISyntaxException e) {
      // reported below
    }
    // What is before @ or after ? may be a password.
    String shown =
        text.replaceFirst("(?s)^(nats://|tls://)?.*@", "$1...@").replaceFirst("(?s)\\?.*", "?...");
    throw new IllegalArgumentException(
        "fleet: %s (expected: %s)".formatted(text.isEmpty() ? "empty" : shown, URL_SYNTAX));
  }

  private Optional<String> unprotected(List<URI> urls) {
    boolean authenticated = key != null || certificate != null;
    return urls.stream()
        .filter(url -> !(url.getScheme().equals("tls") && authenticated))
        .filter(url -> !isLoopback(url.getHost()))
        .map(URI::toString)
        .findFirst();
  }

  /** Resolves no name: the answer could be another one when the server connects. */
  private static boolean isLoopback(String host) {
    return host.toLowerCase(Locale.ROOT).equals("localhost")
        || NUMERIC_LOOPBACK.matcher(host).matches();
  }
}
