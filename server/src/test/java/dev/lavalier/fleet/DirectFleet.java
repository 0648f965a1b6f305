package dev.lavalier.fleet;

import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.ByteString;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.TimeSource;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.EpochClock;
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
import dev.lavalier.hub.Subscription;
import dev.lavalier.hub.SubscriptionSpec;
import dev.lavalier.pipeline.Frame;
import dev.lavalier.pipeline.FrameCodec;
import dev.lavalier.pipeline.Gap;
import dev.lavalier.pipeline.StartFrom;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A node "studio" with one microphone, and edges, on one thread and in manual time. */
final class DirectFleet {

  static final String DEVICE = "studio/mic";
  static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
  static final int PERIOD = OpenMicrophone.PERIOD;

  private static final FrameCodec PCM = FrameCodec.stateless(frame -> frame.pcm().clone());

  final ManualTimeSource time = new ManualTimeSource();
  final DirectLinks network = new DirectLinks();
  final NodeTime nodeTime = new NodeTime();
  final OpenMicrophone microphone = new OpenMicrophone("mic", FORMAT, nodeTime);
  boolean recorded; // whether the next node's microphone is
  Set<String> expected = Set.of(); // device ids that the next node should have
  final List<String> leases = new ArrayList<>(); // what the node reports

  private final FleetObserver observer =
      new FleetObserver() {
        @Override
        public void onLeaseGranted(String edge, String device) {
          leases.add(edge + " has " + device);
        }

        @Override
        public void onLeaseEnded(String edge, String device, Duration held, String reason) {
          leases.add(edge + " had " + device + ": " + reason);
        }
      };

  DirectFleet() {
    network.whileWaiting = this::deliver;
  }

  private void deliver() {
    if (microphone.isOpen()) {
      microphone.deliver();
    }
  }

  /** The clocks of the node. */
  final class NodeTime implements TimeSource {
    private long wallOffset;

    /** Sets the wall clock forward, or back. */
    void stepWallClock(Duration by) {
      wallOffset += by.toNanos();
    }

    @Override
    public long nanoTime() {
      return time.nanoTime() + 77_000_000_000_000L;
    }

    @Override
    public long unixNanos() {
      return time.unixNanos() + wallOffset;
    }

    @Override
    public void parkUntil(long deadline) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void schedule(Duration delay, Runnable task) {
      time.schedule(delay, task);
    }
  }

  /** A node. */
  final class Node {
    final DirectLinks.DirectLink link = network.connect();
    final Hub hub;
    final NodeAgent agent;

    private Node(long boot, Duration history, EpochClock epochs) {
      hub = hub(microphone, history, ResourceLimits.NONE, nodeTime, epochs);
      agent =
          new NodeAgent(
              new NodeOptions(
                  "studio", boot, "1.2.3", "mic"::equals, id -> recorded, expected, epochs),
              hub,
              loop(nodeTime),
              link,
              observer,
              nodeTime);
      agent.start();
    }
  }

  /** An edge. */
  final class Edge {
    final DirectLinks.DirectLink link = network.connect();
    final FleetDevices devices;
    final Hub hub;

    private Edge(String name, Duration history, ResourceLimits resources) {
      devices = new FleetDevices(name, link, time);
      hub = hub(devices, history, resources, time, EpochClock.WALL);
      devices.start();
    }

    /** Returns how many blocks of earlier audio the node sends, as to the edge of a name. */
    int fetch(String name, long epoch) throws Exception {
      byte[] reply =
          link.request(
              Subjects.control("studio", name), Messages.fetch(0, "mic", epoch, 0), Duration.ZERO);
      return Messages.fetched(reply, FORMAT).size();
    }

    /** Subscribes in frames of a period. */
    Listener subscribe(StartFrom start, int maxLatencyMs) throws StreamException {
      return DirectFleet.this.subscribe(hub, DEVICE, start, maxLatencyMs);
    }

    /** Returns the state of the device, and its subscriptions; empty: it is not listed. */
    String status() {
      return hub.devices().stream()
          .map(each -> each.state() + " " + each.subscriberCount())
          .collect(Collectors.joining());
    }
  }

  /** Subscribes in frames of a period. */
  Listener subscribe(Hub hub, String id, StartFrom start, int maxLatencyMs) throws StreamException {
    DeviceDescriptor device = hub.resolve(id, each -> true);
    Listener listener = new Listener();
    SubscriptionSpec spec =
        SubscriptionSpec.resolve(
            device,
            new SubscriptionSpec.Request(
                PERIOD,
                new SubscriptionSpec.RequestedFormat(Optional.empty(), 0, 0, List.of()),
                maxLatencyMs,
                OverflowPolicy.DROP_OLDEST,
                OnDeviceLoss.WAIT,
                start,
                PCM,
                true));
    listener.subscription =
        hub.subscribe(new Subscriber("user", "address"), spec, loop(time), listener);
    return listener;
  }

  /**
   * What is the same on the node and on all edges.
   *
   * @param readDelayNanos from the capture of the first sample until the node had read the frame
   */
  record Received(long index, long captureUnixNanos, long readDelayNanos, ByteString pcm) {}

  /** What a subscriber received. */
  static final class Listener implements FrameSink {
    final List<Received> frames = new ArrayList<>();
    final List<Long> epochs = new ArrayList<>();
    final List<Long> indexes = new ArrayList<>();
    final List<Gap.Part> gaps = new ArrayList<>();
    final List<Notice> notices = new ArrayList<>();
    Subscription subscription;
    StreamException end;

    /** Returns the position after the last frame. */
    StartFrom resume() {
      return new StartFrom.Resume(
          epochs.get(epochs.size() - 1), indexes.get(indexes.size() - 1) + PERIOD);
    }

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
      gap.ifPresent(each -> gaps.addAll(each.parts()));
      indexes.add(frame.sampleIndex());
      frames.add(
          new Received(
              frame.sampleIndex(),
              frame.captureUnixNanos(),
              frame.readNanos() - frame.captureNanos(),
              ByteString.copyFrom(frame.message())));
      byte number = frame.message()[0];
      if (number != 0 && number != (byte) (frame.sampleIndex() / PERIOD)) {
        throw new IllegalStateException("frame " + frame.sampleIndex() + " has other samples");
      }
    }

    @Override
    public void onNotice(Notice notice) {
      notices.add(notice);
    }

    @Override
    public void onEnd(StreamException reason) {
      end = reason;
    }
  }

  DeliveryLoop loop(TimeSource clock) {
    Deque<Runnable> tasks = new ArrayDeque<>();
    return new DeliveryLoop(
        task -> {
          tasks.add(task);
          if (tasks.size() == 1) { // not while another task runs
            while (!tasks.isEmpty()) {
              tasks.peek().run();
              tasks.remove();
            }
          }
        },
        clock);
  }

  private Hub hub(
      Devices devices,
      Duration history,
      ResourceLimits resources,
      TimeSource clock,
      EpochClock epochs) {
    Hub hub =
        new Hub(
            devices,
            clock,
            new HubConfig(
                SubscriberLimits.DEFAULTS,
                resources,
                Duration.ofSeconds(30),
                history,
                Set.of(),
                epochs),
            HubObserver.NONE,
            MoreExecutors.newDirectExecutorService());
    hub.start();
    return hub;
  }

  Node startNode(long boot, Duration history) {
    return startNode(boot, history, EpochClock.WALL);
  }

  Node startNode(long boot, Duration history, EpochClock epochs) {
    return new Node(boot, history, epochs);
  }

  Edge startEdge(String name, Duration history) {
    return startEdge(name, history, ResourceLimits.NONE);
  }

  Edge startEdge(String name, Duration history, ResourceLimits resources) {
    return new Edge(name, history, resources);
  }

  /** Lets time pass, without audio. */
  void pass(Duration duration) {
    for (long ms = 0; ms < duration.toMillis(); ms += 10) {
      time.advance(Duration.ofMillis(10));
    }
  }

  /** Lets time pass, in which the microphone delivers audio if it is open. */
  void run(Duration duration) {
    for (long ms = 0; ms < duration.toMillis(); ms += 10) {
      time.advance(Duration.ofMillis(10));
      deliver();
    }
  }
}
