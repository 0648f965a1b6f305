package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AdminGrpc;
import dev.lavalier.v1.ListSubscriptionsRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.Subscription;
import io.grpc.Channel;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests the list of subscriptions, which only admins can see. */
final class AdminServiceTest {

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("mic")
          .withTokens(
              "ann TOKEN(lav_ann) list=mic stream=tone",
              "bob TOKEN(lav_bob) stream=*",
              "eve TOKEN(lav_eve) admin");

  private Channel as(String token) {
    return lavalier.channelWith(token);
  }

  @Test
  void adminsListSubscriptions() throws Exception {
    TestSubscriber.subscribe(
            as("lav_ann"), StreamFramesRequest.newBuilder().setDeviceId("tone").build())
        .requestAll()
        .nextStarted();
    TestSubscriber bob =
        TestSubscriber.subscribe(
            as("lav_bob"),
            StreamFramesRequest.newBuilder().setDeviceId("mic").setFrameSize(480).build());
    long since = lavalier.timeSource().unixNanos();
    bob.requestAll().nextStarted();
    lavalier.advance(Duration.ofMillis(20), 2);
    bob.nextFrame();
    AdminGrpc.AdminBlockingStub admin = AdminGrpc.newBlockingStub(as("lav_eve"));
    List<Subscription> all =
        admin
            .listSubscriptions(ListSubscriptionsRequest.getDefaultInstance())
            .getSubscriptionsList();
    assertThat(all).extracting(Subscription::getIdentity).containsExactly("ann", "bob");
    Subscription one =
        admin
            .listSubscriptions(ListSubscriptionsRequest.newBuilder().setDeviceId("mic").build())
            .getSubscriptions(0);
    assertThat(one.getSubscriptionId()).isEqualTo(2);
    assertThat(one.getDeviceId()).isEqualTo("mic");
    assertThat(one.getAddress()).isNotEmpty();
    assertThat(one.getFormat().getSampleRateHz()).isEqualTo(48_000);
    assertThat(one.getFrameSize()).isEqualTo(480);
    assertThat(one.getSinceUnixNanos()).isEqualTo(since);
    assertThat(one.getFrameCount()).isPositive();
    assertThat(one.getByteCount()).isGreaterThan(one.getFrameCount() * 480 * 4);

    for (String token : List.of("lav_ann", "lav_bob")) {
      assertThatThrownBy(
              () ->
                  AdminGrpc.newBlockingStub(as(token))
                      .listSubscriptions(ListSubscriptionsRequest.getDefaultInstance()))
          .hasMessage(
              "PERMISSION_DENIED: lavalier.v1.Admin: "
                  + token.substring(4)
                  + " (expected: a caller with the admin grant)");
    }
    assertThatThrownBy(
            () ->
                AdminGrpc.newBlockingStub(lavalier.channel())
                    .listSubscriptions(ListSubscriptionsRequest.getDefaultInstance()))
        .hasMessage("UNAUTHENTICATED: authorization: unset (expected: a bearer token)");
  }
}
