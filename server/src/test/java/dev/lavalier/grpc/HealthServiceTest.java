package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.service.Caller;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Contexts;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests grpc.health.v1, mainly for devices. */
final class HealthServiceTest {

  private static final long TIMEOUT_SECONDS = 10;
  private static final String MIC = "lavalier.v1.AudioCapture/mic";

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withScripted("mic");

  private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

  private static HealthCheckRequest request(String service) {
    return HealthCheckRequest.newBuilder().setService(service).build();
  }

  private ServingStatus check(String service) {
    return HealthGrpc.newBlockingStub(lavalier.channel()).check(request(service)).getStatus();
  }

  private Status refusal(String service) {
    return catchThrowableOfType(StatusRuntimeException.class, () -> check(service)).getStatus();
  }

  private void watch(String service) {
    HealthGrpc.newStub(lavalier.channel())
        .watch(
            request(service),
            new StreamObserver<>() {
              @Override
              public void onNext(HealthCheckResponse response) {
                received.add(response.getStatus());
              }

              @Override
              public void onError(Throwable error) {
                received.add(Status.fromThrowable(error).getCode());
              }

              @Override
              public void onCompleted() {
                received.add("completed");
              }
            });
  }

  private Object nextReceived() throws InterruptedException {
    return received.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  private TestSubscriber listen() throws Exception {
    TestSubscriber subscriber =
        lavalier
            .subscribe(
                StreamFramesRequest.newBuilder()
                    .setDeviceId("mic")
                    .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
                    .build())
            .requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    return subscriber;
  }

  @Test
  void deviceIsServingWhetherOpenOrNot() throws Exception {
    assertThat(check(MIC)).isEqualTo(ServingStatus.SERVING);
    listen();
    assertThat(check(MIC)).isEqualTo(ServingStatus.SERVING);
    assertThat(check("")).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void unknownDeviceIsNotFound() {
    Status status = refusal("lavalier.v1.AudioCapture/other");
    assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(status.getDescription())
        .isEqualTo(
            "service: lavalier.v1.AudioCapture/other"
                + " (expected: a device that ListDevices lists, after lavalier.v1.AudioCapture/)");
    assertThat(refusal("lavalier.v1.AudioCapture/").getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(refusal("lavalier.v1.Other").getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(strings = {"lavalier.v1.AudioCapture/", "other.Service/"})
  void messageDoesNotRepeatLongOrInvisibleNames(String prefix) {
    String description =
        refusal(prefix + "\u0000\u009b\u0085\u2028\u202e" + "x".repeat(50_000)).getDescription();
    assertThat(description).startsWith("service: " + prefix + "?????xxx").hasSizeLessThan(400);
  }

  /** The response is the same as for an unknown device, so that it does not reveal the device. */
  @Test
  void deviceThatTheCallerMayNotListIsNotFound() throws Exception {
    Grants toneAlone = new Grants(Set.of("tone"), Set.of(), false);
    String name = InProcessServerBuilder.generateName();
    Server server =
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new HealthService(new HealthStatusManager(), lavalier.hub()))
            .intercept(
                new ServerInterceptor() {
                  @Override
                  public <Q, R> ServerCall.Listener<Q> interceptCall(
                      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
                    Caller caller = new Caller(Authentication.anonymous(toneAlone), "test");
                    CallContext context =
                        new CallContext(
                            caller,
                            new DeliveryLoop(MoreExecutors.newSequentialExecutor(Runnable::run)),
                            reason -> {});
                    return Contexts.interceptCall(context.attachable(), call, headers, next);
                  }
                })
            .build()
            .start();
    ManagedChannel channel = InProcessChannelBuilder.forName(name).directExecutor().build();
    try {
      var health = HealthGrpc.newBlockingStub(channel);
      assertThat(health.check(request("lavalier.v1.AudioCapture/tone")).getStatus())
          .isEqualTo(ServingStatus.SERVING);
      assertThat(health.check(request("")).getStatus()).isEqualTo(ServingStatus.SERVING);
      assertThat(
              catchThrowableOfType(StatusRuntimeException.class, () -> health.check(request(MIC)))
                  .getStatus()
                  .getCode())
          .isEqualTo(Status.Code.NOT_FOUND);
      assertThat(health.watch(request(MIC)).next().getStatus())
          .isEqualTo(ServingStatus.SERVICE_UNKNOWN);
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  @Test
  void connectionToTheFleetIsKnownOnceItIsSet() throws Exception {
    assertThat(refusal("lavalier.fleet").getCode()).isEqualTo(Status.Code.NOT_FOUND);
    HealthStatusManager statuses = new HealthStatusManager();
    String name = InProcessServerBuilder.generateName();
    Server server =
        InProcessServerBuilder.forName(name)
            .directExecutor()
            .addService(new HealthService(statuses, lavalier.hub()))
            .build()
            .start();
    ManagedChannel channel = InProcessChannelBuilder.forName(name).directExecutor().build();
    try {
      statuses.setStatus(HealthService.FLEET, ServingStatus.NOT_SERVING);
      var health = HealthGrpc.newBlockingStub(channel);
      assertThat(health.check(request("lavalier.fleet")).getStatus())
          .isEqualTo(ServingStatus.NOT_SERVING);
      assertThat(health.check(request("")).getStatus()).isEqualTo(ServingStatus.SERVING);
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  @Test
  void watchReportsLossAndRecovery() throws Exception {
    watch(MIC);
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
    listen();
    lavalier.script("mic").throwsOnRead = true;
    lavalier.timeSource().advance(Duration.ofMillis(10));
    assertThat(nextReceived()).isEqualTo(ServingStatus.NOT_SERVING);
    assertThat(check(MIC)).isEqualTo(ServingStatus.NOT_SERVING);
    assertThat(check("")).isEqualTo(ServingStatus.SERVING);

    lavalier.script("mic").throwsOnRead = false;
    lavalier.advanceUntil(Duration.ofMillis(10), () -> !received.isEmpty());
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void deviceThatDoesNotAnswerIsNotServingUntilItAnswers() throws Exception {
    watch(MIC);
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
    lavalier.script("mic").hangsInOpen = true;
    TestSubscriber subscriber =
        lavalier
            .subscribe(StreamFramesRequest.newBuilder().setDeviceId("mic").build())
            .requestAll();
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_OPENING);
    lavalier.timeSource().advance(Duration.ofSeconds(10));
    subscriber.awaitStatus();
    assertThat(nextReceived()).isEqualTo(ServingStatus.NOT_SERVING);
    lavalier.script("mic").hangsInOpen = false;
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void watchReportsRemovalOfDevice() throws Exception {
    watch(MIC);
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
    lavalier.script("mic").unplug();
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !received.isEmpty());
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVICE_UNKNOWN);
    lavalier.script("mic").plug();
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !received.isEmpty());
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
  }

  @Test
  void watchReportsDeviceThatAppears() throws Exception {
    lavalier.script("mic").unplug();
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !lavalier.deviceIds().contains("mic"));
    watch(MIC);
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVICE_UNKNOWN);
  }

  @Test
  void watchEndsWhenServerStops() throws Exception {
    watch(MIC);
    assertThat(nextReceived()).isEqualTo(ServingStatus.SERVING);
    lavalier.hub().close();
    assertThat(nextReceived()).isEqualTo(Status.Code.UNAVAILABLE);
  }
}
