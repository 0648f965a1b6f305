package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import dev.lavalier.v1.WatchDevicesRequest;
import dev.lavalier.v1.WatchDevicesResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the calls on a transport that is neither gRPC nor a network. */
final class AudioCaptureCallsTest {

  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).build();
  private static final Caller ANYBODY = caller(Grants.ALL);

  @RegisterExtension final LavalierExtension lavalier = LavalierExtension.withManualTime();

  private final ExecutorService executor = Executors.newSingleThreadExecutor();
  private final DeliveryLoop deliveryLoop =
      new DeliveryLoop(MoreExecutors.newSequentialExecutor(executor));
  private final RecordingSink sink = new RecordingSink();
  private AudioCaptureCalls calls;

  private static Caller caller(Grants grants) {
    return new Caller(Authentication.anonymous(grants), "test");
  }

  @BeforeEach
  void createCalls() {
    calls = new AudioCaptureCalls(lavalier.hub(), RefusalObserver.NONE, lavalier.serverInfo());
  }

  @AfterEach
  void stopLoop() {
    executor.shutdownNow();
  }

  @Test
  void listDevicesSendsOneResponseAndCompletes() throws Exception {
    calls.listDevices(ListDevicesRequest.getDefaultInstance(), ANYBODY, sink);
    assertThat(sink.next(ListDevicesResponse.parser()).getDevicesList())
        .extracting(Device::getDeviceId)
        .containsExactly("tone");
    sink.awaitCompletion();
  }

  @Test
  void devicesThatTheCallerMayNotListAreOmitted() throws Exception {
    calls.listDevices(ListDevicesRequest.getDefaultInstance(), caller(Grants.NONE), sink);
    assertThat(sink.next(ListDevicesResponse.parser()).getDevicesList()).isEmpty();
  }

  @Test
  void watchDevicesSendsSnapshotThenChanges() throws Exception {
    CallListener watch =
        calls.watchDevices(WatchDevicesRequest.getDefaultInstance(), ANYBODY, deliveryLoop, sink);
    assertThat(sink.next(WatchDevicesResponse.parser()).getSnapshot().getDevicesList()).hasSize(1);

    CallListener stream = calls.streamFrames(TONE, ANYBODY, deliveryLoop, new RecordingSink());
    Device changed;
    do {
      changed = sink.next(WatchDevicesResponse.parser()).getDevice();
    } while (changed.getState() != DeviceState.DEVICE_STATE_OPEN);
    assertThat(changed.getDeviceId()).isEqualTo("tone");
    stream.onCancel("done");
    watch.onCancel("done");
  }

  @Test
  void streamFramesSendsFramesUntilCancelled() throws Exception {
    CallListener call = calls.streamFrames(TONE, ANYBODY, deliveryLoop, sink);
    assertThat(sink.readyThreshold()).isEqualTo(2 * 480 * 4); // two frames
    assertThat(sink.next(StreamFramesResponse.parser()).getStarted().getDeviceId())
        .isEqualTo("tone");
    lavalier.advance(Duration.ofMillis(20), 1);
    for (int k = 0; k < 2; k++) {
      assertThat(sink.next(StreamFramesResponse.parser()).getFrame().getSampleIndex())
          .isEqualTo(480L * k);
    }
    call.onCancel("done");
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    call.onCancel("again");
    call.onReady();
    assertThat(sink.isEmpty()).isTrue();
  }

  @Test
  void largeFramesAreSentOneAtATime() throws Exception {
    CallListener call =
        calls.streamFrames(
            TONE.toBuilder().setFrameSize(48_000).build(), ANYBODY, deliveryLoop, sink);
    assertThat(sink.readyThreshold()).isEqualTo(64 << 10);
    call.onCancel("done");
  }

  @Test
  void messageOfLargestFrameFitsIntoOneMebibyte() throws Exception {
    CallListener call =
        calls.streamFrames(
            TONE.toBuilder()
                .setFormat(
                    AudioFormat.newBuilder().setEncoding(SampleEncoding.SAMPLE_ENCODING_F32LE))
                .addAllChannelMap(Collections.nCopies(64, 1))
                .setFrameSize(4_092)
                .build(),
            ANYBODY,
            deliveryLoop,
            sink);
    assertThat(sink.next(StreamFramesResponse.parser()).hasStarted()).isTrue();
    lavalier.advance(Duration.ofMillis(100), 1);
    StreamFramesResponse frame = sink.next(StreamFramesResponse.parser());
    assertThat(frame.getFrame().getPcm().size()).isEqualTo(4_092 * 64 * 4);
    assertThat(frame.getSerializedSize()).isBetween(1_000_000, 1 << 20);
    call.onCancel("done");
  }

  @Test
  void unservableRequestFailsThroughSink() throws Exception {
    CallListener call =
        calls.streamFrames(
            TONE.toBuilder().setDeviceId("moon").build(), ANYBODY, deliveryLoop, sink);
    assertThat(sink.nextFailure().reason()).isEqualTo(Reason.DEVICE_NOT_FOUND);
    call.onReady();
    call.onCancel("done");
    assertThat(sink.isEmpty()).isTrue();
  }

  @Test
  void streamOfDeviceWithOnlyListGrantIsRejected() throws Exception {
    Caller caller = caller(new Grants(Set.of("tone"), Set.of(), false));
    calls.streamFrames(TONE, caller, deliveryLoop, sink);
    assertThat(sink.nextFailure().reason()).isEqualTo(Reason.NOT_PERMITTED);
  }

  @Test
  void levelsOfAnIntervalAreMeasuredOnceForAllCalls() throws Exception {
    StreamLevelsRequest request = StreamLevelsRequest.newBuilder().setDeviceId("tone").build();
    RecordingSink otherSink = new RecordingSink();
    CallListener call = calls.streamLevels(request, ANYBODY, deliveryLoop, sink);
    CallListener other = calls.streamLevels(request, ANYBODY, deliveryLoop, otherSink);
    assertThat(sink.next(StreamLevelsResponse.parser()).hasStarted()).isTrue();
    assertThat(otherSink.next(StreamLevelsResponse.parser()).hasStarted()).isTrue();
    lavalier.advance(Duration.ofMillis(100), 1);
    byte[] message = sink.nextMessage();
    assertThat(StreamLevelsResponse.parseFrom(message).getLevels().getSampleCount())
        .isEqualTo(4_800);
    assertThat(otherSink.nextMessage()).isSameAs(message);
    call.onCancel("done");
    other.onCancel("done");
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
  }

  @Test
  void levelsOfDeviceWithOnlyListGrantAreRejected() throws Exception {
    Caller caller = caller(new Grants(Set.of("tone"), Set.of(), false));
    List<String> refused = new ArrayList<>();
    new AudioCaptureCalls(
            lavalier.hub(),
            (subscriber, device, reason) -> refused.add(device + ": " + reason),
            lavalier.serverInfo())
        .streamLevels(
            StreamLevelsRequest.newBuilder().setDeviceId("tone").build(),
            caller,
            deliveryLoop,
            sink);
    StreamException failure = sink.nextFailure();
    assertThat(failure.reason()).isEqualTo(Reason.NOT_PERMITTED);
    assertThat(refused).containsExactly("tone: " + failure.getMessage());
  }

  @Test
  void pullFramesSendsOneFramePerCreditAndCompletes() throws Exception {
    RequestListener<PullFramesRequest> call = calls.pullFrames(ANYBODY, deliveryLoop, sink);
    assertThat(sink.readyThreshold()).isEqualTo(1);
    call.onMessage(PullFramesRequest.newBuilder().setSubscribe(TONE).setCredit(1).build());
    call.onMessage(PullFramesRequest.newBuilder().setCredit(1).build());
    assertThat(sink.next(StreamFramesResponse.parser()).hasStarted()).isTrue();
    lavalier.advance(Duration.ofMillis(10), 1);
    assertThat(sink.next(StreamFramesResponse.parser()).getFrame().getSampleIndex()).isZero();
    // The second frame uses the last credit, so the device may close: do not wait for its thread.
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(sink.next(StreamFramesResponse.parser()).getFrame().getSampleIndex()).isEqualTo(480);
    call.onHalfClose();
    sink.awaitCompletion();
  }

  @Test
  void nextMessageIsRequestedAfterTheLoopHasHandledTheCredit() throws Exception {
    BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    DeliveryLoop loop = new DeliveryLoop(tasks::add);
    RequestListener<PullFramesRequest> call = calls.pullFrames(ANYBODY, loop, sink);
    assertThat(sink.requests()).isEqualTo(1);
    call.onMessage(PullFramesRequest.newBuilder().setSubscribe(TONE).build());
    while (sink.isEmpty()) { // until the device is open
      tasks.take().run();
    }
    int requests = 2;
    while (sink.requests() == requests) {
      call.onMessage(PullFramesRequest.newBuilder().setCredit(1).build());
      assertThat(sink.requests()).isEqualTo(requests);
      assertThat(tasks).hasSize(2); // one wake-up and one request
      tasks.take().run();
      tasks.take().run();
      requests++;
    }
    assertThat(sink.requests()).isEqualTo(1 + 4);
    call.onCancel("done");
  }

  @Test
  void pullFramesWithoutSubscribeFails() throws Exception {
    calls.pullFrames(ANYBODY, deliveryLoop, sink).onHalfClose();
    assertThat(sink.nextFailure().reason()).isEqualTo(Reason.INVALID_REQUEST);
  }
}
