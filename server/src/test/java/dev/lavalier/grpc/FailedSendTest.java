package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubObserver;
import dev.lavalier.hub.SubscriptionStatus;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.LogLines;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A message that cannot be sent, for example for lack of direct memory, ends only its call. */
final class FailedSendTest {

  private static final StreamFramesRequest TONE =
      StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).build();

  private final List<String> ends = new CopyOnWriteArrayList<>();
  private volatile boolean failing; // sends throw an Error
  private volatile boolean closing; // sends close the call
  private volatile Runnable pendingClose;

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withObserver(
              new HubObserver() {
                @Override
                public void onSubscriptionEnded(SubscriptionStatus subscription, String reason) {
                  ends.add(reason);
                }
              });

  private DirectServer server;

  @BeforeEach
  void start() throws Exception {
    server = new DirectServer(lavalier.hub(), new FailingSends());
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void errorEndsOnlyTheCallAndLeavesNoSubscription() throws Exception {
    TestSubscriber other = lavalier.subscribe(TONE).requestAll();
    other.nextStarted();
    TestSubscriber unlucky = TestSubscriber.subscribe(server.channel(), TONE).requestAll();
    unlucky.nextStarted();
    failing = true;
    try (LogLines log = LogLines.of("dev.lavalier.hub.DeliveryLoop")) {
      lavalier.advance(Duration.ofMillis(50), 1);
      pendingClose.run();
      assertThat(unlucky.awaitStatus().getCode()).isEqualTo(Status.Code.CANCELLED); // gRPC's code
      assertThat(ends)
          .containsExactly(
              "the server failed to serve the stream: java.lang.OutOfMemoryError: direct buffer");
      assertThat(log.all()).hasSize(1);
    }
    assertThat(lavalier.hub().subscriptions()).hasSize(1);
    assertThat(other.nextFrames(5)).noneMatch(AudioFrame::hasGap);
  }

  /** gRPC itself closes a call whose message could not be written, without telling the service. */
  @Test
  void callThatWasClosedByTheTransportLeavesNoSubscription() throws Exception {
    TestSubscriber subscriber = TestSubscriber.subscribe(server.channel(), TONE).requestAll();
    subscriber.nextStarted();
    closing = true;
    lavalier.timeSource().awaitSleepers(1);
    lavalier.timeSource().advance(Duration.ofMillis(10)); // closes the device
    assertThat(subscriber.awaitStatus().getCode()).isEqualTo(Status.Code.CANCELLED);
    lavalier.awaitState("tone", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(ends).containsExactly("the call was closed");
  }

  /** Fails as gRPC does if the transport throws an Error: the event loop closes the call later. */
  private final class FailingSends implements ServerInterceptor {
    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
      return next.startCall(
          new SimpleForwardingServerCall<>(call) {
            @Override
            public void sendMessage(R message) {
              if (failing) {
                pendingClose = () -> super.close(Status.CANCELLED, new Metadata());
                throw new OutOfMemoryError("direct buffer");
              }
              if (closing) {
                super.close(Status.CANCELLED, new Metadata());
              } else {
                super.sendMessage(message);
              }
            }
          },
          headers);
    }
  }
}
