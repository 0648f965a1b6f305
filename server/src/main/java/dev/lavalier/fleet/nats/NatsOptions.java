package dev.lavalier.fleet.nats;

import dev.lavalier.access.ConfigFile;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.fleet.Subjects;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How a server connects to nats-server. Immutable.
 *
 * @param servers the URLs of the servers of one cluster, {@code nats://HOST:PORT} or {@code
 *     tls://HOST:PORT}; any of them is used
 * @param name the id of the node or of the edge
 * @param nkeySeed the file of the seed of its nkey; empty: no nkey
 * @param tls the files for TLS; empty: TLS with the CAs of the Java runtime if a URL begins with
 *     tls://, otherwise no TLS
 * @param oldEngine whether an old nats-server is accepted
 */
public record NatsOptions(
    List<String> servers,
    String name,
    Optional<Path> nkeySeed,
    Optional<NatsTls> tls,
    boolean oldEngine) {

  /**
   * Creates options.
   *
   * @throws IllegalArgumentException if a URL or the name is malformed; its message is one line for
   *     the operator
   */
  public NatsOptions {
    servers = List.copyOf(servers);
    if (servers.isEmpty()) {
      throw new IllegalArgumentException("fleet: (expected: at least one URL)");
    }
    servers.forEach(NatsOptions::checkUrl);
    Subjects.checkName("fleet", name);
  }

  private static void checkUrl(String url) {
    try {
      URI uri = new URI(url);
      boolean valid =
          ("nats".equals(uri.getScheme()) || "tls".equals(uri.getScheme()))
              && uri.getHost() != null
              && uri.getUserInfo() == null // a process list shows the arguments
              && (uri.getPath() == null || uri.getPath().isEmpty() || uri.getPath().equals("/"));
      if (valid) {
        return;
      }
    } catch (URISyntaxException e) {
      // reported below
    }
    throw new IllegalArgumentException(
        "fleet: %s (expected: nats://HOST:PORT or tls://HOST:PORT, without a user)"
            .formatted(url.replaceAll("//.*@", "//USER@")));
  }

  /**
   * Reads all files, to report an error before the start. Logs a warning if every user of this
   * machine can read a secret one. May block on the file system.
   *
   * @throws InvalidFileException if a file cannot be used; its message is one line for the operator
   */
  public void checkFiles() throws InvalidFileException {
    if (nkeySeed.isPresent()) {
      Nkey.read(nkeySeed.get());
      ConfigFile.warnIfOthersCanRead(Nkey.SETTING, nkeySeed.get());
    }
    if (usedTls().isPresent()) {
      usedTls().get().check();
      usedTls()
          .get()
          .privateKey()
          .ifPresent(file -> ConfigFile.warnIfOthersCanRead(NatsTls.PRIVATE_KEY, file));
    }
  }

  /** Returns the files for TLS; empty: no TLS. */
  Optional<NatsTls> usedTls() {
    boolean named = servers.stream().anyMatch(url -> url.startsWith("tls://"));
    return tls.isPresent() || !named
        ? tls
        : Optional.of(new NatsTls(Optional.empty(), Optional.empty(), Optional.empty()));
  }
}
