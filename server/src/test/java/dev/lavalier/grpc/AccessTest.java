package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.ScriptedMixerProvider;
import dev.lavalier.testing.ScriptedMixerProvider.Script;
import dev.lavalier.testing.TestLevels;
import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests grants, expiry and revocation, and the statuses that callers receive. */
final class AccessTest {

  private static final String ANN = "ann TOKEN(lav_ann) list=mic stream=tone";
  private static final String BOB = "bob TOKEN(lav_bob) stream=* expires=2023-11-14T22:13:31Z";
  private static final String EVE = "eve TOKEN(lav_eve) admin";

  /** The test's time begins 10 s before bob's access expires. */
  private static final Duration BOBS_TIME = Duration.ofSeconds(10);

  private static final String SERVER_KNOWS =
      "authorization: not accepted (expected: a token or certificate that this server knows)";

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("mic").withTokens(ANN, BOB, EVE);

  private Channel as(String token) {
    return lavalier.channelWith(token);
  }

  private static List<String> devices(Channel channel) {
    return AudioCaptureGrpc.newBlockingStub(channel)
        .listDevices(ListDevicesRequest.getDefaultInstance())
        .getDevicesList()
        .stream()
        .map(Device::getDeviceId)
        .toList();
  }

  private static TestSubscriber stream(Channel channel, String deviceId) {
    return TestSubscriber.subscribe(
            channel, StreamFramesRequest.newBuilder().setDeviceId(deviceId).build())
        .requestAll();
  }

  private static void assertEnds(TestSubscriber call, Status.Code code, String message)
      throws Exception {
    Status status = call.awaitStatus();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(message);
  }

  @Test
  void unknownCallersAreRejectedAndLoggedInOneLine() throws Exception {
    try (LogLines log = LogLines.of("dev.lavalier.access.RejectionLog")) {
      assertEnds(
          stream(lavalier.channel(), "tone"),
          Status.Code.UNAUTHENTICATED,
          "authorization: unset (expected: a bearer token)");
      assertEnds(stream(as("lav_joe"), "tone"), Status.Code.UNAUTHENTICATED, SERVER_KNOWS);
      lavalier.timeSource().advance(BOBS_TIME);
      assertEnds(stream(as("lav_bob"), "tone"), Status.Code.UNAUTHENTICATED, SERVER_KNOWS);
      assertThat(log.all())
          .allMatch(line -> line.matches("WARN refused [^ ]+: lavalier.v1.AudioCapture/Str.*"))
          .extracting(line -> line.substring(line.indexOf(", ") + 2))
          .containsExactly(
              "no token and no certificate", "an unknown token", "the access of bob has expired");
      assertThat(String.join("", log.all())).doesNotContain("lav_");
    }
  }

  @Test
  void logOfManyRejectionsIsLimited() {
    try (LogLines log = LogLines.of("dev.lavalier.access.RejectionLog")) {
      for (int i = 0; i < 100; i++) {
        assertThatThrownBy(() -> devices(lavalier.channel()))
            .isInstanceOf(StatusRuntimeException.class);
      }
      assertThat(log.all()).hasSize(20);
      lavalier.timeSource().advance(Duration.ofSeconds(10));
      assertThat(log.all()).hasSize(21).last().isEqualTo("WARN refused 80 more within 10 s");
      assertThatThrownBy(() -> devices(lavalier.channel()));
      assertThat(log.all()).hasSize(22);
    }
  }

  @Test
  void grantsLimitListedAndStreamedDevices() throws Exception {
    assertThat(devices(as("lav_ann"))).containsExactly("mic", "tone");
    assertThat(devices(as("lav_bob"))).containsExactly("mic", "tone");
    assertThat(devices(as("lav_eve"))).isEmpty();

    assertThat(stream(as("lav_ann"), "tone").nextStarted().getDeviceId()).isEqualTo("tone");
    assertEnds(
        stream(as("lav_ann"), "mic"),
        Status.Code.PERMISSION_DENIED,
        "device_id: mic (expected: a device that ann may stream)");
    assertEnds(
        stream(as("lav_ann"), ""), // the default device is the microphone
        Status.Code.PERMISSION_DENIED,
        "device_id: mic (expected: a device that ann may stream)");
  }

  @Test
  void deviceWithoutListGrantIsNotFound() throws Exception {
    lavalier.writeTokens("ann TOKEN(lav_ann) stream=tone", EVE);
    lavalier.timeSource().advance(Duration.ofSeconds(1));
    for (String id : List.of("mic", "moon")) { // the first exists, the second does not
      assertEnds(
          stream(as("lav_ann"), id),
          Status.Code.NOT_FOUND,
          "device_id: " + id + " (expected: one of tone)");
      assertEnds(
          stream(as("lav_eve"), id),
          Status.Code.NOT_FOUND,
          "device_id: " + id + " (expected: no device is available)");
    }
    // The same as in NoDefaultDeviceTest, although there is a default device.
    assertEnds(
        stream(as("lav_ann"), ""),
        Status.Code.NOT_FOUND,
        "device_id: empty (expected: one of tone; no default device is available: without capture"
            + " hardware, the server needs --demo for a test tone)");
  }

  /** Nothing tells which of two equal devices was removed, so neither keeps the id. */
  @Test
  void grantForDeviceThatWasOpenedDoesNotGiveItsTwin() throws Exception {
    lavalier.writeTokens("ann TOKEN(lav_ann) stream=mic");
    Script mic = lavalier.script("mic");
    try (Script twin = ScriptedMixerProvider.add("mic", lavalier.timeSource())) {
      lavalier.timeSource().advance(Duration.ofSeconds(4)); // the server lists both
      TestSubscriber stream = stream(as("lav_ann"), "mic");
      stream.nextStarted();
      assertThat(mic.attempts).hasValue(1);
      stream.cancel();
      mic.unplug();
      twin.unplug(); // the sound system creates all mixers anew
      twin.plug();
      for (int second = 0; second < 60 && !devices(as("lav_ann")).isEmpty(); second++) {
        lavalier.timeSource().advance(Duration.ofSeconds(1));
      }
      assertThat(devices(as("lav_ann"))).isEmpty();
      Status status = stream(as("lav_ann"), "mic").awaitStatus();
      assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(twin.attempts).hasValue(0);
    }
  }

  @Test
  void expiryEndsRunningCalls() throws Exception {
    TestSubscriber stream = stream(as("lav_bob"), "tone");
    stream.nextStarted();
    TestPuller puller =
        TestPuller.pull(
            as("lav_bob"),
            PullFramesRequest.newBuilder()
                .setSubscribe(StreamFramesRequest.newBuilder().setDeviceId("tone"))
                .setCredit(100)
                .build());
    puller.received().nextStarted();
    Watcher watcher = new Watcher(as("lav_bob"));
    watcher.next();
    TestSubscriber others = stream(as("lav_ann"), "tone");
    others.nextStarted();

    lavalier.advance(Duration.ofSeconds(9), 1);
    assertThat(lavalier.hub().subscriptions()).hasSize(3);
    lavalier.advance(Duration.ofSeconds(2), 1);
    String message =
        "authorization: of bob (expected: access that has neither expired nor been revoked)";
    for (TestSubscriber each : List.of(stream, puller.received())) {
      assertEnds(each, Status.Code.UNAUTHENTICATED, message);
    }
    Status watched = watcher.ended.get(10, TimeUnit.SECONDS);
    assertThat(watched.getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(watched.getDescription()).isEqualTo(message);
    assertThat(lavalier.hub().subscriptions())
        .singleElement()
        .matches(s -> s.subscriber().identity().equals("ann"));
  }

  @Test
  void revocationEndsRunningCallsWithinTwoSeconds() throws Exception {
    TestSubscriber ann = stream(as("lav_ann"), "tone");
    TestSubscriber bob = stream(as("lav_bob"), "tone");
    ann.nextStarted();
    bob.nextStarted();
    // The same name with another token is another caller.
    lavalier.writeTokens("ann TOKEN(lav_new) list=mic stream=tone", BOB, EVE);
    lavalier.advance(Duration.ofSeconds(1), 1);
    assertEnds(
        ann,
        Status.Code.UNAUTHENTICATED,
        "authorization: of ann (expected: access that has neither expired nor been revoked)");
    assertEnds(stream(as("lav_ann"), "tone"), Status.Code.UNAUTHENTICATED, SERVER_KNOWS);
    stream(as("lav_new"), "tone").nextStarted();
    assertThat(lavalier.hub().subscriptions()).hasSize(2);
  }

  @Test
  void removedGrantEndsStreamAndHidesDeviceFromWatch() throws Exception {
    TestSubscriber ann = stream(as("lav_ann"), "tone");
    ann.nextStarted();
    Watcher watcher = new Watcher(as("lav_ann"));
    assertThat(watcher.next().getSnapshot().getDevicesCount()).isEqualTo(2);
    lavalier.writeTokens("ann TOKEN(lav_ann) list=mic", BOB, EVE);
    lavalier.timeSource().advance(Duration.ofSeconds(1));
    assertEnds(
        ann,
        Status.Code.PERMISSION_DENIED,
        "device_id: tone (expected: a device that ann may stream)");
    WatchDevicesResponse update = watcher.next();
    while (!update.getRemovedDeviceId().equals("tone")) { // opened and closed before
      update = watcher.next();
    }
    assertThat(devices(as("lav_ann"))).containsExactly("mic");
    assertThat(watcher.ended).isNotDone();
  }

  @Test
  void levelsNeedTheGrantToStreamAsLongAsTheyLast() throws Exception {
    assertEnds(levels("mic"), "device_id: mic (expected: a device that ann may stream)");
    assertThat(lavalier.script("mic").attempts).hasValue(0);
    TestLevels ann = levels("tone");
    ann.nextStarted();
    lavalier.writeTokens("ann TOKEN(lav_ann) list=mic", BOB, EVE);
    lavalier.timeSource().advance(Duration.ofSeconds(1));
    assertEnds(ann, "device_id: tone (expected: a device that ann may stream)");
    assertThat(lavalier.hub().subscriptions()).isEmpty();
  }

  private TestLevels levels(String deviceId) {
    return new TestLevels(
            as("lav_ann"), StreamLevelsRequest.newBuilder().setDeviceId(deviceId).build())
        .requestAll();
  }

  private static void assertEnds(TestLevels call, String message) throws Exception {
    Status status = call.status();
    assertThat(status.getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(status.getDescription()).isEqualTo(message);
  }

  @Test
  void callWhoseAccessEndsBeforeSubscribeIsRejected() throws Exception {
    lavalier.writeTokens(ANN, EVE);
    PullFramesRequest late =
        PullFramesRequest.newBuilder()
            .setSubscribe(StreamFramesRequest.newBuilder().setDeviceId("tone"))
            .build();
    CompletableFuture<Status> ended = new CompletableFuture<>();
    CompletableFuture<Void> begun = new CompletableFuture<>();
    StreamObserver<PullFramesRequest> requests =
        AudioCaptureGrpc.newStub(as("lav_bob")).pullFrames(new StartObserver(begun, endOf(ended)));
    begun.get(10, TimeUnit.SECONDS);
    lavalier.timeSource().advance(Duration.ofSeconds(1));
    requests.onNext(late);
    assertThat(ended.get(10, TimeUnit.SECONDS).getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void healthNeedsNoAccessAndReflectionNeedsKnownCaller() throws Exception {
    for (Channel channel : List.of(lavalier.channel(), as("lav_joe"), as("lav_eve"))) {
      assertThat(
              HealthGrpc.newBlockingStub(channel)
                  .check(HealthCheckRequest.getDefaultInstance())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
      lavalier.awaitCallsHandled(); // two checks at a time over one connection are too many
    }
    assertThat(reflect(lavalier.channel()).getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(reflect(as("lav_ann"))).isEqualTo(Status.OK);
  }

  private static Status reflect(Channel channel) throws Exception {
    CompletableFuture<Status> ended = new CompletableFuture<>();
    StreamObserver<ServerReflectionRequest> requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(AccessTest.<ServerReflectionResponse>endOf(ended));
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    requests.onCompleted();
    return ended.get(10, TimeUnit.SECONDS);
  }

  /** Completes when the server has accepted the call, because it then receives messages. */
  private record StartObserver(
      CompletableFuture<Void> started, StreamObserver<StreamFramesResponse> responses)
      implements ClientResponseObserver<PullFramesRequest, StreamFramesResponse> {
    @Override
    public void beforeStart(ClientCallStreamObserver<PullFramesRequest> requests) {
      requests.setOnReadyHandler(() -> started.complete(null));
    }

    @Override
    public void onNext(StreamFramesResponse response) {
      responses.onNext(response);
    }

    @Override
    public void onError(Throwable error) {
      responses.onError(error);
    }

    @Override
    public void onCompleted() {
      responses.onCompleted();
    }
  }

  private static <T> StreamObserver<T> endOf(CompletableFuture<Status> ended) {
    return new StreamObserver<>() {
      @Override
      public void onNext(T message) {}

      @Override
      public void onError(Throwable error) {
        ended.complete(Status.fromThrowable(error));
      }

      @Override
      public void onCompleted() {
        ended.complete(Status.OK);
      }
    };
  }

  /** Watches the devices. */
  private static final class Watcher implements StreamObserver<WatchDevicesResponse> {
    private final BlockingQueue<WatchDevicesResponse> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<Status> ended = new CompletableFuture<>();

    Watcher(Channel channel) {
      AudioCaptureGrpc.newStub(channel)
          .watchDevices(WatchDevicesRequest.getDefaultInstance(), this);
    }

    WatchDevicesResponse next() throws InterruptedException {
      WatchDevicesResponse response = received.poll(10, TimeUnit.SECONDS);
      assertThat(response).isNotNull();
      return response;
    }

    @Override
    public void onNext(WatchDevicesResponse response) {
      received.add(response);
    }

    @Override
    public void onError(Throwable error) {
      ended.complete(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      ended.complete(Status.OK);
    }
  }
}
