package dev.lavalier.capture;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.audio.PcmFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Tests the messages for devices that an edge does not have. */
final class DeviceResolverTest {

  private static List<DeviceDescriptor> devicesOfNodes(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new DeviceDescriptor(
                    "n%d/mic".formatted(i),
                    "",
                    "",
                    "",
                    false,
                    PcmFormat.parse("48000/2/s16le"),
                    List.of(),
                    "n" + i,
                    false))
        .toList();
  }

  @Test
  void edgeHasNoDefaultDevice() {
    assertThatThrownBy(() -> DeviceResolver.resolve(devicesOfNodes(2), "", id -> true))
        .hasMessage(
            "device_id: empty (expected: one of n0/mic, n1/mic; an edge has no default device)");
  }

  @Test
  void messageNamesAtMostTwentyDevices() {
    assertThatThrownBy(() -> DeviceResolver.resolve(devicesOfNodes(1_000), "x", id -> true))
        .message()
        .startsWith("device_id: x (expected: one of n0/mic, n1/mic, ")
        .endsWith(", n19/mic, and 980 more)");
  }
}
