package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.access.Reloadable;
import dev.lavalier.access.TokenFile;
import dev.lavalier.capture.CombinedDevices;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.testing.ManualTimeSource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No failure ends the checks for changed files and revoked access. */
final class AccessMonitorTest {

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  @TempDir private Path dir;
  private final ManualTimeSource timeSource = new ManualTimeSource();

  @Test
  void failureToReload_doesNotEndTheChecks() throws Exception {
    Path file = dir.resolve("tokens");
    Files.writeString(file, "");
    Reloadable<TokenFile> tokens = TokenFile.reloadable(file);
    TokenFile first = tokens.get();
    boolean[] failing = {true};
    Executor files =
        task -> {
          if (failing[0]) {
            throw new InternalError("unable to create native thread");
          }
          task.run();
        };
    try (Hub hub =
            new Hub(
                new CombinedDevices(List.of(), id -> true),
                timeSource,
                HubConfig.DEFAULTS,
                HubObserver.NONE);
        AccessMonitor monitor =
            new AccessMonitor(
                hub,
                new ActiveCalls(timeSource, 1),
                Optional.of(tokens),
                Optional.empty(),
                timeSource,
                files)) {
      monitor.start();
      timeSource.advance(INTERVAL);
      Files.writeString(file, "# changed\n");
      failing[0] = false;
      timeSource.advance(INTERVAL);
      assertThat(tokens.get()).isNotSameAs(first);
    }
  }
}
