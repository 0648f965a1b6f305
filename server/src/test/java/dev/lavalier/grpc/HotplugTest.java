package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.ScriptedMixerProvider;
import dev.lavalier.testing.ScriptedMixerProvider.Script;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.OnDeviceLoss;
import dev.lavalier.v1.StreamFramesRequest;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Devices that are plugged in and removed while others are open, in manual time. */
final class HotplugTest {

  private static final StreamFramesRequest DEFAULT =
      StreamFramesRequest.newBuilder().setFrameSize(480).setMaxLatencyMs(60_000).build();
  private static final StreamFramesRequest PCH =
      DEFAULT.toBuilder()
          .setDeviceId("PCH")
          .setOnDeviceLoss(OnDeviceLoss.ON_DEVICE_LOSS_WAIT)
          .build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("PCH").withScripted("USB");

  private TestSubscriber listening() throws Exception {
    TestSubscriber subscriber = lavalier.subscribe(PCH).requestAll();
    subscriber.nextStarted();
    lavalier.advance(Duration.ofMillis(100), 1);
    subscriber.nextFrames(10);
    return subscriber;
  }

  private void pass(Duration time) {
    for (long ms = 0; ms < time.toMillis(); ms += 10) {
      lavalier.timeSource().advance(Duration.ofMillis(10));
      lavalier.deviceIds(); // waits for the server
    }
  }

  private void assertNextSubscriberOfTheDefaultGets(String id) throws Exception {
    TestSubscriber next = lavalier.subscribe(DEFAULT).requestAll();
    assertThat(next.nextStarted().getDeviceId()).isEqualTo(id);
    next.cancel();
    next.awaitStatus();
  }

  @Test
  void openDevice_staysListedAndDefault_whenAllMixersAreNew() throws Exception {
    TestSubscriber first = listening();
    Script pch = lavalier.script("PCH");
    Script usb = lavalier.script("USB");
    pch.listsNoFormat = true; // as ALSA while it is open
    pch.unplug();
    pch.plug();
    usb.unplug();
    usb.plug();
    pass(Duration.ofSeconds(7));

    assertThat(lavalier.device("PCH").getIsDefault()).isTrue();
    assertThat(lavalier.device("PCH").getState()).isEqualTo(DeviceState.DEVICE_STATE_OPEN);
    assertThat(lavalier.deviceIds()).containsExactly("PCH", "USB", "tone");
    assertNextSubscriberOfTheDefaultGets("PCH");
    first.cancel();
  }

  @Test
  void openDevice_staysListedAndDefault_whileTheSoundSystemDoesNotListIt() throws Exception {
    TestSubscriber first = listening();
    lavalier.script("PCH").unplug(); // but it delivers audio
    pass(Duration.ofSeconds(7));

    assertThat(lavalier.device("PCH").getIsDefault()).isTrue();
    assertNextSubscriberOfTheDefaultGets("PCH");

    first.cancel();
    lavalier.advanceUntil(Duration.ofSeconds(1), () -> !lavalier.deviceIds().contains("PCH"));
    assertNextSubscriberOfTheDefaultGets("USB");
  }

  @Test
  void waitingStream_isNotContinuedFromTheTwinOfItsDevice() throws Exception {
    Script pch = lavalier.script("PCH");
    try (Script twin = ScriptedMixerProvider.add("PCH", lavalier.timeSource())) {
      pass(Duration.ofSeconds(4)); // the server lists both
      TestSubscriber subscriber = listening();
      assertThat(pch.open).hasValue(1);
      pch.readsNothing = true;
      pch.unplug();
      pass(Duration.ofSeconds(20));
      assertThat(lavalier.device("PCH").getState()).isEqualTo(DeviceState.DEVICE_STATE_LOST);
      assertThat(twin.attempts).hasValue(0);

      pch.readsNothing = false;
      pch.plug();
      pass(Duration.ofSeconds(6));
      lavalier.awaitState("PCH", DeviceState.DEVICE_STATE_OPEN);
      assertThat(pch.open).hasValue(1);
      assertThat(twin.attempts).hasValue(0);
      subscriber.cancel();
    }
  }
}
