package dev.lavalier.fleet.nats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.fleet.FleetDevices;
import dev.lavalier.fleet.FleetObserver;
import dev.lavalier.fleet.NodeAgent;
import dev.lavalier.fleet.NodeOptions;
import dev.lavalier.fleet.OpenMicrophone;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.FrameSink;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.Notice;
import dev.lavalier.hub.OnDeviceLoss;
import dev.lavalier.hub.OverflowPolicy;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.StreamStart;
import dev.lavalier.hub.Subscriber;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.testing.NatsServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Tests that a recording replaces the history of a node, with a real nats-server. */
final class RecordedHistoryTest {

  private static final TimeSource TIME = TimeSource.system();
  private static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
  private static final int PERIOD = OpenMicrophone.PERIOD;
  private static final String DEVICE = "studio/mic";
  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  @TempDir private Path directory;
  @RegisterExtension private final NatsLinks links = new NatsLinks();

  private final OpenMicrophone microphone = new OpenMicrophone("mic", FORMAT, TIME);
  private final List<ExecutorService> executors = new ArrayList<>();

  private final List<AutoCloseable> opened = new ArrayList<>(); // the last one is closed first

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    executors.forEach(ExecutorService::shutdownNow);
  }

  /** What a subscriber received. */
  private static final class Listener implements FrameSink {
    private final BlockingQueue<Long> epochs = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> numbers = new LinkedBlockingQueue<>(); // of periods
    private final BlockingQueue<Object> others = new LinkedBlockingQueue<>();

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onStarted(StreamStart started) {
      epochs.add(started.epoch());
    }

    @Override
    public void onFrame(Frame frame, Optional<Gap> gap) {
      gap.ifPresent(others::add);
      if (frame.message()[0] != (byte) (frame.sampleIndex() / PERIOD)) {
        others.add("frame " + frame.sampleIndex() + " has other samples");
      }
      numbers.add(frame.sampleIndex() / PERIOD);
    }

    @Override
    public void onNotice(Notice notice) {
      others.add(notice);
    }

    @Override
    public void onEnd(StreamException reason) {
      others.add(reason);
    }

    /** Takes some frames, and returns the numbers of their periods. */
    private List<Long> take(int count) throws InterruptedException {
      List<Long> taken = new ArrayList<>();
      while (taken.size() < count) {
        Long next = numbers.poll(NatsLinks.TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        if (next == null) {
          throw new AssertionError("received only %s, %s".formatted(taken, others));
        }
        taken.add(next);
      }
      return taken;
    }
  }

  private static List<Long> numbers(long from, long to) {
    List<Long> numbers = new ArrayList<>();
    for (long number = from; number < to; number++) {
      numbers.add(number);
    }
    return numbers;
  }

  private DeliveryLoop loop() {
    ExecutorService executor = Executors.newSingleThreadExecutor();
    executors.add(executor);
    return new DeliveryLoop(executor);
  }

  private Hub hub(Devices devices, Duration history) {
    ExecutorService executor = Executors.newCachedThreadPool();
    executors.add(executor);
    Hub hub =
        new Hub(
            devices,
            TIME,
            new HubConfig(
                SubscriberLimits.DEFAULTS,
                ResourceLimits.NONE,
                Duration.ofSeconds(30),
                history,
                Set.of()),
            HubObserver.NONE,
            executor);
    hub.start();
    return hub;
  }

  private Hub edge(NatsLink link, String name, Duration history) {
    FleetDevices devices = new FleetDevices(name, link, TIME);
    Hub hub = hub(devices, history);
    devices.start();
    opened.add(0, devices);
    opened.add(0, hub);
    await(() -> !hub.devices().isEmpty());
    return hub;
  }

  private Listener subscribe(Hub edge, StartFrom start) throws StreamException {
    Listener listener = new Listener();
    SubscriptionSpec spec =
        SubscriptionSpec.resolve(
            edge.resolve(DEVICE, id -> true),
            new SubscriptionSpec.Request(
                PERIOD,
                new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
                10_000,
                OverflowPolicy.DROP_OLDEST,
                OnDeviceLoss.WAIT,
                start,
                PCM,
                false));
    edge.subscribe(new Subscriber("user", "address"), spec, loop(), listener);
    return listener;
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + NatsLinks.TIMEOUT.toNanos();
    while (!condition.getAsBoolean() && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  @Test
  void subscriberResumesOnAnotherEdgeWithoutALossAlthoughTheNodeKeepsNoHistory() throws Exception {
    String jetStream =
        "jetstream { store_dir: \"%s\", max_file: 1G }".formatted(directory.resolve("jetstream"));
    try (NatsServer server = NatsServer.started(directory, jetStream)) {
      NatsLink nodeLink = links.readyNode(server.url(), "studio");
      nodeLink.startRecording();
      links.awaitLines("INFO fleet: recorded devices are kept by the stream LAV_REC_studio", 1);
      Hub nodeHub = hub(microphone, Duration.ZERO);
      opened.add(0, nodeHub);
      NodeAgent agent =
          new NodeAgent(
              new NodeOptions("studio", 1, "1.2.3", id -> true, id -> true),
              nodeHub,
              loop(),
              nodeLink,
              FleetObserver.NONE,
              TIME);
      opened.add(0, agent);
      agent.start();
      NatsLink firstLink = links.ready(server.url(), "edge-1");
      Listener first = subscribe(edge(firstLink, "edge-1", Duration.ZERO), StartFrom.LIVE);
      await(microphone::isOpen);
      for (int i = 0; i < 100; i++) {
        deliver(nodeLink);
      }
      List<Long> live = first.take(90);
      String subject = "lav.1.rec.studio.bWlj";
      await(() -> recorded(firstLink, subject) == 100);

      NatsLink secondLink = links.ready(server.url(), "edge-2");
      Hub secondEdge = edge(secondLink, "edge-2", Duration.ofSeconds(10));
      Listener second =
          subscribe(secondEdge, new StartFrom.Resume(first.epochs.peek(), 30 * PERIOD));
      // A replay is paced, and ends while audio is captured.
      long end = System.nanoTime() + NatsLinks.TIMEOUT.toNanos();
      while (second.numbers.size() < 100 && System.nanoTime() < end) {
        deliver(nodeLink);
        LockSupport.parkNanos(8_000_000);
      }

      assertThat(live.get(0)).isLessThan(10);
      assertThat(second.take(90)).isEqualTo(numbers(30, 120));
      assertThat(second.epochs).containsExactly(first.epochs.peek());
      assertThat(second.others).isEmpty();
    }
  }

  /** Delivers a period, not faster than the link and the rings take it. */
  private void deliver(NatsLink link) {
    await(link::isReady);
    microphone.deliver();
    LockSupport.parkNanos(2_000_000);
  }

  private static int recorded(NatsLink link, String subject) {
    try {
      return link.recorded(subject, Duration.ofMinutes(1), 1 << 20).size();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }
}
