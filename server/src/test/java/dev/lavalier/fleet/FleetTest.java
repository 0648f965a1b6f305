package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.fleet.v1.Catalogue;
import dev.lavalier.fleet.v1.ControlRequest;
import dev.lavalier.fleet.v1.Heartbeat;
import dev.lavalier.fleet.v1.OpenReply;
import dev.lavalier.fleet.v1.Opened;
import dev.lavalier.fleet.v1.SharedDevice;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.Hub;
import dev.lavalier.hub.HubConfig;
import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.hub.SubscriberLimits;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Tests what nodes share, and what edges believe. The simulation tests the streams. */
final class FleetTest {

  private static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);

  private final ManualTimeSource time = new ManualTimeSource();
  private final DirectLinks network = new DirectLinks();
  private final DirectLinks.DirectLink edgeLink = network.connect();
  private final FleetDevices edge = new FleetDevices("edge", edgeLink, time);
  private int changes;

  /** Microphones that are in use by another program. */
  private static final class BusyMicrophones implements Devices {
    @Override
    public void start() {}

    @Override
    public List<DeviceDescriptor> list() {
      return List.of(
          new DeviceDescriptor("PCH,0", "desk", "v", "d", true, FORMAT, List.of()),
          new DeviceDescriptor("secret", "secret", "", "", false, FORMAT, List.of()));
    }

    @Override
    public void onChange(Runnable listener) {}

    @Override
    public Capture open(String deviceId) throws StreamException {
      throw new StreamException(Reason.DEVICE_BUSY, deviceId + " is in use by another program");
    }

    @Override
    public void close() {}
  }

  private DirectLinks.DirectLink startNode(long boot) {
    return startNode(boot, new BusyMicrophones(), Set.of());
  }

  private DirectLinks.DirectLink startNode(long boot, Devices devices, Set<String> keptOpen) {
    DirectLinks.DirectLink link = network.connect();
    Hub hub =
        new Hub(
            devices,
            time,
            new HubConfig(
                SubscriberLimits.DEFAULTS,
                ResourceLimits.NONE,
                Duration.ofSeconds(30),
                keptOpen.isEmpty() ? Duration.ZERO : Duration.ofSeconds(1),
                keptOpen),
            HubObserver.NONE,
            MoreExecutors.newDirectExecutorService());
    hub.start();
    new NodeAgent(
            "studio-3",
            boot,
            "PCH,0"::equals,
            hub,
            new DeliveryLoop(Runnable::run, time),
            link,
            time)
        .start();
    return link;
  }

  private void startEdge() {
    edge.onChange(() -> changes++);
    edge.start();
  }

  private List<String> ids() {
    return edge.list().stream().map(DeviceDescriptor::id).toList();
  }

  private static void assertRefused(Reason reason, String message, ThrowingCallable opening) {
    assertThatThrownBy(opening)
        .isInstanceOfSatisfying(
            StreamException.class, e -> assertThat(e.reason()).isEqualTo(reason))
        .hasMessageContaining(message);
  }

  @Test
  void edgeListsOnlyTheDevicesThatAreShared() {
    startNode(1);
    startEdge();
    time.advance(Duration.ofMillis(500));
    assertThat(ids()).containsExactly("studio-3/PCH,0");
    DeviceDescriptor device = edge.list().get(0);
    assertThat(device.name()).isEqualTo("desk");
    assertThat(device.nodeId()).isEqualTo("studio-3");
    assertThat(device.isDefault()).isFalse();
    assertThat(device.captureFormat()).isEqualTo(FORMAT);
    assertThat(changes).isEqualTo(1);
  }

  @Test
  void refusalOfTheNode_isThatOfTheEdge() {
    startNode(1);
    startEdge();
    time.advance(Duration.ofMillis(500));
    assertRefused(
        Reason.DEVICE_BUSY,
        "PCH,0 is in use by another program",
        () -> edge.open("studio-3/PCH,0"));
  }

  @Test
  void deviceThatIsNotShared_doesNotOpenAndIsNotNamed() throws Exception {
    startNode(1);
    byte[] reply =
        edgeLink.request(
            Subjects.control("studio-3", "edge"), Messages.open(0, "secret", 1, 1), Duration.ZERO);
    OpenReply answer = OpenReply.parseFrom(reply);
    assertThat(answer.getRefused().getReason()).isEqualTo("DEVICE_LOST");
    assertThat(answer.getRefused().getMessage())
        .isEqualTo("device_id: studio-3/secret (expected: a device that is available)");
  }

  @Test
  void unknownDeviceOrSilentNode_isNotAvailable() {
    startEdge();
    assertRefused(Reason.DEVICE_LOST, "a device that is available", () -> edge.open("a/mic"));
    assertRefused(Reason.DEVICE_LOST, "a device that is available", () -> edge.open("mic"));
    announce(1, 1, FORMAT.toString());
    assertThat(ids()).containsExactly("a/mic");
    time.advance(Timing.NODE_TIMEOUT.plusMillis(1));
    assertRefused(Reason.DEVICE_LOST, "does not answer", () -> edge.open("a/mic"));
    assertThat(ids()).containsExactly("a/mic");
    for (int i = 0; i < 60; i++) {
      time.advance(Duration.ofMillis(500));
    }
    assertThat(ids()).isEmpty();
  }

  private final DirectLinks.DirectLink other = network.connect();

  private void heartbeat(long boot, long start, long catalogueVersion) {
    other.publish(
        Subjects.heartbeat("a"),
        Heartbeat.newBuilder()
            .setBoot(boot)
            .setStartUnixMicros(start)
            .setCatalogueVersion(catalogueVersion)
            .setSteadyNanos(time.nanoTime())
            .setUnixNanos(time.unixNanos())
            .build()
            .toByteArray());
  }

  private void announce(long boot, long start, String format) {
    heartbeat(boot, start, 1);
    other.publish(
        Subjects.catalogue("a"),
        Catalogue.newBuilder()
            .setBoot(boot)
            .setVersion(1)
            .addDevices(SharedDevice.newBuilder().setLocalId("mic").setFormat(format))
            .addDevices(SharedDevice.newBuilder().setLocalId("bad").setFormat("loud"))
            .addDevices(SharedDevice.newBuilder().setFormat(FORMAT.toString()))
            .build()
            .toByteArray());
  }

  @Test
  void processThatStartedLater_isBelieved() {
    startEdge();
    announce(7, 100, "48000/1/s16le");
    announce(8, 200, "16000/1/s16le");
    announce(7, 100, "48000/1/s16le");
    assertThat(edge.list())
        .extracting(DeviceDescriptor::captureFormat)
        .containsExactly(new PcmFormat(SampleEncoding.S16LE, 16_000, 1));
  }

  @Test
  void processThatSharesNothing_leavesNoDeviceOfTheOneBefore() {
    startEdge();
    announce(7, 100, FORMAT.toString());
    assertThat(ids()).containsExactly("a/mic");
    announce(8, 200, "loud");
    assertThat(ids()).isEmpty();
    assertThat(changes).isEqualTo(2);
  }

  /** Answers each request to node "a", and returns the requests. */
  private List<ControlRequest> answerWith(OpenReply answer) {
    List<ControlRequest> requests = new ArrayList<>();
    other.subscribe(
        Subjects.control("a", Subjects.ANY),
        message -> {
          requests.add(Messages.decode(ControlRequest.parser(), message.payload()));
          message.reply().accept(answer.toByteArray());
        });
    return requests;
  }

  private static OpenReply opened(long epoch) {
    return OpenReply.newBuilder()
        .setOpened(
            Opened.newBuilder().setEpoch(epoch).setFormat(FORMAT.toString()).setBlockSamples(480))
        .build();
  }

  @Test
  void deviceWithAMalformedAnswer_isReleased() throws Exception {
    startEdge();
    announce(7, 100, FORMAT.toString());
    List<ControlRequest> requests = answerWith(opened(Long.MAX_VALUE / 1_000));
    assertRefused(Reason.DEVICE_LOST, "malformed answer", () -> edge.open("a/mic"));
    assertThat(requests)
        .extracting(ControlRequest::getRequestCase)
        .containsExactly(ControlRequest.RequestCase.OPEN, ControlRequest.RequestCase.RELEASE);
    assertThat(requests.get(1).getRelease().getLease())
        .isEqualTo(requests.get(0).getOpen().getLease());
  }

  @Test
  void answer_hasThePositionOfADeviceThatIsOpenAlready() throws Exception {
    OpenMicrophone microphone = new OpenMicrophone("PCH,0", FORMAT, time);
    startNode(1, microphone, Set.of("PCH,0"));
    for (int k = 0; k < 1_000; k++) {
      microphone.deliver();
    }
    List<byte[]> answers = new ArrayList<>();
    edgeLink.send(
        Subjects.control("studio-3", "edge"), Messages.open(0, "PCH,0", 1, 1), answers::add);
    microphone.deliver();
    assertThat(answers).hasSize(1);
    Opened opened = OpenReply.parseFrom(answers.get(0)).getOpened();
    assertThat(opened.getEpoch()).isPositive();
    assertThat(opened.getNextSampleIndex()).isEqualTo(1_000 * 480);
  }

  @Test
  void nodeWhoseIdHasALaterProcess_givesUp() {
    DirectLinks.DirectLink first = startNode(1);
    time.advance(Duration.ofSeconds(2));
    DirectLinks.DirectLink second = startNode(2);
    time.advance(Duration.ofSeconds(1));
    first.published.clear();
    second.published.clear();
    time.advance(Duration.ofSeconds(2));
    assertThat(first.published).isEmpty();
    assertThat(second.published).contains(Subjects.heartbeat("studio-3"));
  }

  @Test
  void requestForAnotherProcess_isIgnored() throws Exception {
    startNode(7);
    for (long boot : new long[] {0, 7}) {
      byte[] reply =
          edgeLink.request(
              Subjects.control("studio-3", "edge"),
              Messages.open(boot, "secret", 1, 1),
              Duration.ZERO);
      assertThat(OpenReply.parseFrom(reply).hasRefused()).isTrue();
    }
    assertThatThrownBy(
            () ->
                edgeLink.request(
                    Subjects.control("studio-3", "edge"),
                    Messages.open(8, "secret", 1, 1),
                    Duration.ZERO))
        .isInstanceOf(Link.NoReplyException.class);
  }

  @Test
  void catalogueOfManyDevicesWithLongNames_isNotTooLong() {
    String text = "x".repeat(1_000);
    List<DeviceDescriptor> devices = new ArrayList<>();
    for (int k = 0; k < 300; k++) {
      devices.add(new DeviceDescriptor("d" + k, text, text, text, false, FORMAT, List.of()));
    }
    byte[] payload = Messages.catalogue(1, 1, devices, id -> false);
    Catalogue catalogue = Messages.decode(Catalogue.parser(), payload);
    assertThat(catalogue).isNotNull();
    assertThat(Messages.devices("a", catalogue)).hasSizeBetween(100, 256).containsKey("a/d99");
  }

  @Test
  void catalogueThatNeverArrives_isRequestedLessAndLessOften() {
    startEdge();
    announce(7, 100, FORMAT.toString());
    edgeLink.published.clear();
    for (int second = 0; second < 600; second++) {
      heartbeat(7, 100, 2);
      time.advance(Duration.ofSeconds(1));
    }
    assertThat(edgeLink.published.stream().filter(Subjects.WHO::equals).count())
        .isBetween(10L, 20L);
  }

  @Test
  void nodesThatChangeTheirDevicesAllTheTime_changeTheListSometimes() {
    startEdge();
    for (int version = 1; version <= 1_000; version++) {
      heartbeat(7, 100, version);
      other.publish(
          Subjects.catalogue("a"),
          Catalogue.newBuilder()
              .setBoot(7)
              .setVersion(version)
              .addDevices(
                  SharedDevice.newBuilder()
                      .setLocalId("mic" + version)
                      .setFormat(FORMAT.toString()))
              .build()
              .toByteArray());
      time.advance(Duration.ofMillis(2));
    }
    assertThat(changes).isBetween(2, 20);
    time.advance(Duration.ofMillis(500));
    assertThat(ids()).containsExactly("a/mic1000");
  }

  @Test
  void listenersThatAnEdgeInvents_haveALimit() throws Exception {
    OpenMicrophone microphone = new OpenMicrophone("PCH,0", FORMAT, time);
    startNode(1, microphone, Set.of("PCH,0"));
    List<Heartbeat> heartbeats = new ArrayList<>();
    other.subscribe(
        Subjects.heartbeat("studio-3"),
        message -> heartbeats.add(Messages.heartbeat(message.payload())));
    microphone.deliver();
    for (String edgeName : List.of("one", "two", "three")) {
      edgeLink.send(
          Subjects.control("studio-3", edgeName),
          Messages.open(0, "PCH,0", 1, Integer.MAX_VALUE),
          reply -> {});
    }
    time.advance(Duration.ofSeconds(1));
    assertThat(heartbeats.get(heartbeats.size() - 1).getSubscribers(0)).isEqualTo(3_000_000);
  }

  @Test
  void malformedMessages_areIgnored() {
    startNode(1);
    startEdge();
    time.advance(Duration.ofMillis(500));
    byte[] garbage = {10, 127, 1};
    for (String subject :
        List.of(
            Subjects.heartbeat("studio-3"),
            Subjects.catalogue("studio-3"),
            Subjects.heartbeat("NODE"),
            Subjects.control("studio-3", "edge"))) {
      other.publish(subject, garbage);
      other.publish(subject, new byte[1 << 20]);
    }
    time.advance(Duration.ofMillis(500));
    assertThat(ids()).containsExactly("studio-3/PCH,0");
  }

  @Test
  void malformedNames_areRejected() {
    assertThatThrownBy(() -> new FleetDevices("Edge 7", edgeLink, time))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("fleet-edge: Edge 7 (expected: at most 40 of a-z, 0-9 and -, not - first)");
  }
}
