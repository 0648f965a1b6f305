package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests grants for all devices of a node, with devices that are named as on an edge. */
final class NodeGrantsTest {

  private static final String ANN = "ann TOKEN(lav_ann) stream=studio-3/* list=studio-4/*";

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withScripted("studio-3/mic")
          .withScripted("studio-4/mic")
          .withScripted("hall/mic")
          .withTokens(ANN);

  private List<String> devices() {
    return AudioCaptureGrpc.newBlockingStub(lavalier.channelWith("lav_ann"))
        .listDevices(ListDevicesRequest.getDefaultInstance())
        .getDevicesList()
        .stream()
        .map(Device::getDeviceId)
        .toList();
  }

  private TestSubscriber stream(String deviceId) {
    return TestSubscriber.subscribe(
            lavalier.channelWith("lav_ann"),
            StreamFramesRequest.newBuilder().setDeviceId(deviceId).build())
        .requestAll();
  }

  private static void assertEnds(TestSubscriber call, Status.Code code, String message)
      throws Exception {
    Status status = call.awaitStatus();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(message);
  }

  @Test
  void devicesOfOtherNodesAreRefusedAsAnyOtherDevice() throws Exception {
    assertThat(devices()).containsExactly("studio-3/mic", "studio-4/mic");
    stream("studio-3/mic").nextStarted();
    assertEnds(
        stream("studio-4/mic"),
        Status.Code.PERMISSION_DENIED,
        "device_id: studio-4/mic (expected: a device that ann may stream)");
    assertEnds(
        stream("hall/mic"),
        Status.Code.NOT_FOUND,
        "device_id: hall/mic (expected: one of studio-3/mic, studio-4/mic)");
  }

  @Test
  void removedGrantOfANodeEndsItsStreams() throws Exception {
    TestSubscriber call = stream("studio-3/mic");
    call.nextStarted();
    lavalier.writeTokens("ann TOKEN(lav_ann) stream=studio-4/*");
    lavalier.timeSource().advance(Duration.ofSeconds(1));
    assertEnds(
        call,
        Status.Code.PERMISSION_DENIED,
        "device_id: studio-3/mic (expected: a device that ann may stream)");
    assertThat(devices()).containsExactly("studio-4/mic");
  }
}
