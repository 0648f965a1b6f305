package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Tests the hub on one thread: the test runs the tasks of the workers. */
final class HubTest {

  private final FakeDevices devices = new FakeDevices();
  private final Workers workers = new Workers();

  private Hub hub(HubObserver observer, Set<String> keptOpen) {
    return new Hub(
        devices,
        new ManualTimeSource(),
        new HubConfig(
            SubscriberLimits.DEFAULTS, Duration.ofSeconds(30), Duration.ofSeconds(5), keptOpen),
        observer,
        workers);
  }

  @Test
  void stop_returnsAtOnceAndCompletesWhenTheDevicesAreClosed() {
    Hub hub = hub(HubObserver.NONE, Set.of(FakeDevices.DEVICE));
    hub.start();
    workers.runAll();
    assertThat(devices.captures).singleElement().matches(c -> c.started);

    CompletableFuture<Void> stopped = hub.stop();
    assertThat(stopped).isNotDone();
    assertThat(hub.stop()).isSameAs(stopped);
    workers.runAll();
    assertThat(stopped).isCompleted();
    assertThat(devices.captures).singleElement().matches(c -> c.closed);
    hub.close();
    assertThat(workers.isShutdown()).isTrue();
  }

  private static final class Workers extends AbstractExecutorService {
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean shutdown;

    @Override
    public void execute(Runnable task) {
      if (shutdown) {
        throw new RejectedExecutionException();
      }
      tasks.add(task);
    }

    void runAll() {
      while (!tasks.isEmpty()) {
        tasks.remove().run();
      }
    }

    @Override
    public void shutdown() {
      shutdown = true;
    }

    @Override
    public List<Runnable> shutdownNow() {
      shutdown = true;
      return List.of();
    }

    @Override
    public boolean isShutdown() {
      return shutdown;
    }

    @Override
    public boolean isTerminated() {
      return shutdown;
    }

    @Override
    public boolean awaitTermination(long timeout, TimeUnit unit) {
      return true;
    }
  }
}
