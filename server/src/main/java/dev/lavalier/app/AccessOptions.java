package dev.lavalier.app;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import picocli.CommandLine.Option;

/** Who may hear what. */
final class AccessOptions {

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "Serve only whoever is in this file, which lavalier-server token changes; read again when it changes.")
  private Path tokenFile;

  @Option(
      names = "--allow-device",
      paramLabel = "DEVICE_ID",
      description =
          "Serve this device and no others, to anybody. May be given again (default: every device).")
  private final Set<String> allowed = new LinkedHashSet<>();

  /**
   * Reads the token file.
   *
   * @return empty: there is none
   * @throws IllegalArgumentException in one line for the user
   */
  Optional<Reloadable<TokenFile>> tokens() {
    if (tokenFile == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(TokenFile.reloadable(tokenFile));
    } catch (InvalidFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * Returns which devices there are, as far as callers are concerned. One that is never there does
   * no harm.
   *
   * @param keptOpen those that are kept open, which must be among them
   * @throws IllegalArgumentException in one line for the user
   */
  Predicate<String> allowed(Set<String> keptOpen) {
    if (allowed.isEmpty()) {
      return id -> true;
    }
    for (String id : keptOpen) {
      if (!allowed.contains(id)) {
        throw new IllegalArgumentException(
            "keep-open: %s (expected: a device of --allow-device, where that is given)"
                .formatted(id));
      }
    }
    return allowed::contains;
  }
}
