package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.StreamFramesRequest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server with the scripted device {@code mic} and two seconds of history, in manual time. */
abstract class StartPointsFixture {

  static final StreamFramesRequest LIVE =
      StreamFramesRequest.newBuilder()
          .setDeviceId("mic")
          .setFrameSize(480)
          .setMaxLatencyMs(60_000)
          .build();

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withScripted("mic").withHistory(Duration.ofSeconds(2));

  static StreamFramesRequest preroll(StreamFramesRequest request, int millis) {
    return request.toBuilder().setPrerollMs(millis).build();
  }

  void pass(int millis) throws Exception {
    lavalier.advance(Duration.ofMillis(millis), 1);
  }

  static void assertFollows(List<AudioFrame> frames, long from) {
    for (AudioFrame frame : frames) {
      assertThat(frame.getSampleIndex()).isEqualTo(from);
      assertThat(frame.hasGap()).isFalse();
      from += 480;
    }
  }
}
