package dev.lavalier.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.HubConfig;
import dev.lavalier.service.CallObserver;
import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.TcpServer;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests messages of WebSockets that are sent directly. */
final class DirectFramesWebSocketTest {

  /** So few that the kernel accepts all of them, even if the test reads late. */
  private static final int FRAMES = 4;

  @RegisterExtension final WebFixture web = new WebFixture();

  /** The first message is {@code started}. Its size and those of the frames need all headers. */
  @ParameterizedTest
  @EnabledOnOs(OS.LINUX)
  @CsvSource({
    "16000/1/s16le, 16, 5", // less than 126 bytes
    "16000/1/s16le, 160, 5",
    "96000/8/s32le, 480, 5",
    "96000/8/s32le, 960, 1" // more than 16 KiB
  })
  void messagesAreSentDirectlyUnlessTheyAreLarge(String format, int frameSize, int direct)
      throws Exception {
    web.start(TcpServer.start(format, HubConfig.DEFAULTS), CallObserver.NONE);
    assertFramesInOrder(frameSize);
    assertThat(web.server().directMessages()).isEqualTo(direct);
  }

  @Test
  void serverWithoutDirectFramesSendsNothingDirectly() throws Exception {
    web.start(
        TcpServer.startWithoutDirectFrames("16000/1/s16le", HubConfig.DEFAULTS), CallObserver.NONE);
    assertFramesInOrder(160);
    assertThat(web.server().directMessages()).isZero();
  }

  private void assertFramesInOrder(int frameSize) throws IOException {
    HttpSocket call = web.open("PullFrames");
    call.message(
        PullFramesRequest.newBuilder()
            .setSubscribe(
                StreamFramesRequest.newBuilder().setFrameSize(frameSize).setMaxLatencyMs(60_000))
            .setCredit(FRAMES)
            .build()
            .toByteArray());
    assertThat(StreamFramesResponse.parseFrom(call.message()).hasStarted()).isTrue();
    long first = StreamFramesResponse.parseFrom(call.message()).getFrame().getSampleIndex();
    for (int i = 1; i < FRAMES; i++) {
      StreamFramesResponse next = StreamFramesResponse.parseFrom(call.message());
      assertThat(next.getFrame().getSampleIndex()).isEqualTo(first + (long) i * frameSize);
      assertThat(next.getFrame().getPcm().isEmpty()).isFalse();
    }
  }
}
