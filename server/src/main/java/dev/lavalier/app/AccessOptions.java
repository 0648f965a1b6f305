package dev.lavalier.app;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that control access: the token file and the offered devices. */
final class AccessOptions {

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "Accept only callers that have an entry in this file, which lavalier-server token edits."
              + " Reloaded when it changes.")
  private @Nullable Path tokenFile;

  @Option(
      names = "--allow-device",
      paramLabel = "DEVICE_ID",
      description =
          "Offer only this device, to all callers. Can be repeated. Default: every device.")
  private final Set<String> allowed = new LinkedHashSet<>();

  /**
   * Reads the token file.
   *
   * @return the token file; empty: {@code --token-file} is not set
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
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
   * Returns the filter for the ids of the devices that the server offers. An allowed device does
   * not need to exist.
   *
   * @param keptOpen the ids of the always-on devices, all of which must be allowed
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  Predicate<String> allowed(Set<String> keptOpen) {
    Checks.noneEmpty("allow-device", allowed);
    if (allowed.isEmpty()) { // not set: Settings rejects a list that is set and empty
      return id -> true;
    }
    for (String id : keptOpen) {
      if (!allowed.contains(id)) {
        throw new IllegalArgumentException(
            "keep-open: %s (expected: a device that --allow-device lists)".formatted(id));
      }
    }
    return allowed::contains;
  }
}
