package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Tests which frames a stream drops after a stall, and how it counts them. Frames are 10 ms long
 * and the limit is 200 ms; all messages of the server are in transit from the beginning.
 */
final class StaleFramesTest {

  private static final int FRAME_SIZE = 80;
  private static final long MS = 1_000_000;

  @RegisterExtension final FakeServer server = new FakeServer();

  private final List<StreamFramesResponse> messages =
      new ArrayList<>(List.of(FakeMessages.started(FRAME_SIZE)));
  private long now = 123_456_789_000_000L; // unrelated to the server's clock

  private void add(int from, int to) {
    for (int k = from; k < to; k++) {
      messages.add(FakeMessages.frame((long) k * FRAME_SIZE, FRAME_SIZE, 0));
    }
  }

  private FrameStream open(StreamOptions options) throws LavalierException {
    server.respondWith(messages, Status.UNAVAILABLE.withDescription("that was all"));
    return server.client(() -> now).stream(options);
  }

  /** Reads the frames as they arrive; none has expired. */
  private void readFrames(FrameStream stream, int count) throws LavalierException {
    for (int k = 0; k < count; k++) {
      now += 10 * MS;
      assertThat(stream.read().gap()).isEmpty();
    }
  }

  @Test
  void expiredFramesAreDroppedAndCountedInNextGap() throws Exception {
    add(0, 1_000);
    try (FrameStream stream = open(StreamOptions.defaults())) {
      readFrames(stream, 100);
      now += 5_000 * MS;
      Frame next = stream.read();
      // Of 500 frames the limit permits 20. The four prefetched frames make the transfer seem
      // shorter by 30 ms, and the clocks may have drifted by a thousandth of 5 s.
      long dropped = next.sampleIndex() / FRAME_SIZE - 100;
      assertThat(dropped).isBetween(482L, 484L);
      assertThat(next.gap())
          .contains(new Gap(dropped * FRAME_SIZE, Gap.Cause.SLOW_SUBSCRIBER, false));
      assertThat(stream.staleFrames()).isEqualTo(dropped);

      readFrames(stream, 100);
      assertThat(stream.staleFrames()).isEqualTo(dropped);
    }
  }

  @Test
  void gapsOfExpiredFramesAreIncluded() throws Exception {
    add(0, 50);
    messages.add(FakeMessages.frame(60 * FRAME_SIZE, FRAME_SIZE, 10 * FRAME_SIZE));
    add(61, 150);
    messages.add(overrun(FakeMessages.frame(160 * FRAME_SIZE, FRAME_SIZE, 10 * FRAME_SIZE)));
    add(161, 1_000);
    try (FrameStream stream = open(StreamOptions.defaults())) {
      readFrames(stream, 40);
      now += 3_000 * MS;
      Frame next = stream.read();
      long overrun = 10 * FRAME_SIZE;
      long missing = next.sampleIndex() - 40 * FRAME_SIZE;
      assertThat(next.gap())
          .contains(
              new Gap(
                  missing,
                  Gap.Cause.SLOW_SUBSCRIBER,
                  true,
                  List.of(
                      new Gap.Part(missing - overrun, Gap.Cause.SLOW_SUBSCRIBER, false),
                      new Gap.Part(overrun, Gap.Cause.DEVICE_OVERRUN, true))));
      long lost = 2 * 10;
      assertThat(stream.staleFrames()).isEqualTo(next.sampleIndex() / FRAME_SIZE - 40 - lost);
    }
  }

  private static StreamFramesResponse overrun(StreamFramesResponse message) {
    StreamFramesResponse.Builder builder = message.toBuilder();
    builder
        .getFrameBuilder()
        .getGapBuilder()
        .setCause(GapCause.GAP_CAUSE_DEVICE_OVERRUN)
        .setEstimated(true);
    return builder.build();
  }

  private static StreamFramesResponse secondEpoch() {
    StreamFramesResponse.Builder message = FakeMessages.started(FRAME_SIZE).toBuilder();
    message.getStartedBuilder().setEpoch(8);
    return message.build();
  }

  @Test
  void gapAcrossTwoEpochsIsSumOfBoth() throws Exception {
    add(0, 30);
    messages.add(secondEpoch());
    // Lost for two seconds: the second epoch starts 230 frames later.
    for (int k = 0; k < 100; k++) {
      StreamFramesResponse.Builder message =
          FakeMessages.frame((long) k * FRAME_SIZE, FRAME_SIZE, k == 0 ? 200 * FRAME_SIZE : 0)
              .toBuilder();
      message.getFrameBuilder().setCaptureTimeUnixNanos((230L + k) * 10 * MS);
      if (k == 0) {
        message
            .getFrameBuilder()
            .getGapBuilder()
            .setCause(GapCause.GAP_CAUSE_DEVICE_LOST)
            .setEstimated(true);
      }
      messages.add(message.build());
    }
    try (FrameStream stream = open(StreamOptions.defaults())) {
      readFrames(stream, 10);
      now += (10 + 10 + 200) * 10 * MS; // ten frames of the first epoch have expired by then
      Frame next = stream.read();
      assertThat(next.sampleIndex()).isZero();
      assertThat(next.gap())
          .contains(
              new Gap(
                  220 * FRAME_SIZE,
                  Gap.Cause.DEVICE_LOST,
                  true,
                  List.of(
                      new Gap.Part(20 * FRAME_SIZE, Gap.Cause.SLOW_SUBSCRIBER, false),
                      new Gap.Part(200 * FRAME_SIZE, Gap.Cause.DEVICE_LOST, true))));
      assertThat(stream.staleFrames()).isEqualTo(20);
    }
  }

  @Test
  void expiredFramesOfBothEpochsAreAdded() throws Exception {
    add(0, 30);
    messages.add(secondEpoch());
    for (int k = 0; k < 100; k++) {
      StreamFramesResponse.Builder message =
          FakeMessages.frame((long) k * FRAME_SIZE, FRAME_SIZE, 0).toBuilder();
      message.getFrameBuilder().setCaptureTimeUnixNanos((30L + k) * 10 * MS);
      messages.add(message.build());
    }
    try (FrameStream stream = open(StreamOptions.defaults())) {
      readFrames(stream, 10);
      now += 600 * MS;
      Frame next = stream.read();
      long dropped = stream.staleFrames();
      assertThat(dropped).isBetween(42L, 44L);
      assertThat(next.gap())
          .contains(new Gap(dropped * FRAME_SIZE, Gap.Cause.SLOW_SUBSCRIBER, false));
      assertThat(next.sampleIndex()).isEqualTo((dropped - 20) * FRAME_SIZE);
    }
  }

  @Test
  void expiredFrameEndsStreamUnderClose() throws Exception {
    add(0, 100);
    try (FrameStream stream =
        open(StreamOptions.builder().overflowPolicy(OverflowPolicy.CLOSE).build())) {
      readFrames(stream, 10);
      now += 1_000 * MS;
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .withMessage(
              "max_latency_ms: 200 (expected: frames read in time; they exceeded it in transit)")
          .satisfies(e -> assertThat(e.kind()).isEqualTo(LavalierException.Kind.LIMIT_REACHED));
      assertThat(stream.read()).isNull();
    }
  }
}
