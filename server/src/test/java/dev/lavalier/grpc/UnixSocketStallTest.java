package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.netty.TransportLimits;
import dev.lavalier.netty.UnixSocket;
import dev.lavalier.testing.RawHttp2Client;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.testing.TcpServer;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests how much audio waits in the kernel for a subscriber that does not read its Unix socket. Its
 * flow-control windows are as large as possible, so that only the socket limits what is sent.
 */
@EnabledOnOs(OS.LINUX)
@SlowTest
final class UnixSocketStallTest {

  @TempDir Path dir;

  private static RawSubscriber subscribe(Path path, int frameSize) throws IOException {
    RawHttp2Client client = RawHttp2Client.connect(path, Integer.MAX_VALUE);
    client.grant(0, 0x7fff_0000);
    RawSubscriber subscriber = new RawSubscriber(client);
    subscriber.stream(1, frameSize);
    return subscriber;
  }

  /** What is held includes two frames in the transport: docs/architecture.md has the places. */
  @ParameterizedTest
  @CsvSource({"16000/1/s16le, 160, 150", "48000/2/s16le, 480, 80", "96000/8/s32le, 960, 40"})
  void kernelHoldsLittleAudioForSubscriberThatDoesNotRead(
      String format, int frameSize, int maxMillis) throws Exception {
    Path path = dir.resolve("s");
    try (TcpServer server =
            TcpServer.start(
                new UnixSocket(path, PosixFilePermissions.fromString("rw-------")),
                format,
                HubConfig.DEFAULTS,
                TransportLimits.DEFAULTS,
                TcpServer.Access.UNRESTRICTED);
        RawSubscriber stalled = subscribe(path, frameSize);
        RawSubscriber reading = subscribe(path, frameSize)) {
      int rate = Integer.parseInt(format.substring(0, format.indexOf('/')));
      long first = stalled.readFrame(1).getSampleIndex();
      while (reading.readFrame(1).getSampleIndex() < first + 2L * rate) {} // the stall lasts 2 s

      long held = 0;
      while (held < rate && !stalled.readFrame(1).hasGap()) {
        held += frameSize;
      }
      assertThat(server.hub().subscriptions()).hasSize(2);
      assertThat(held * 1_000 / rate).isLessThanOrEqualTo(maxMillis);
    }
  }
}
