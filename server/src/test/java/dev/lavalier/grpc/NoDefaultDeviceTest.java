package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server without {@code --demo} on a machine without capture hardware. */
final class NoDefaultDeviceTest {

  @RegisterExtension
  final LavalierExtension lavalier = LavalierExtension.withManualTime().withoutDemo();

  @Test
  void requestForDefaultDeviceFailsWithoutCaptureHardware() throws Exception {
    Status status =
        lavalier.subscribe(StreamFramesRequest.getDefaultInstance()).requestAll().awaitStatus();
    assertThat(status.getCode()).isEqualTo(Status.Code.NOT_FOUND);
    assertThat(status.getDescription())
        .isEqualTo(
            "device_id: empty (expected: one of tone; no default device is available: without"
                + " capture hardware, the server needs --demo for a test tone)");
    assertThat(lavalier.device("tone").getIsDefault()).isFalse();
  }
}
