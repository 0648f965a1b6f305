package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tests that a wall clock that is set neither expires frames nor hides expired ones. Frames are 10
 * ms long and the limit is 200 ms. The test moves the three clocks: this client's, and the server's
 * wall clock and steady clock.
 */
@Timeout(10) // a frame that is dropped leaves the reader waiting
final class ClockStepTest {

  private static final int FRAME_SIZE = 80;
  private static final long MS = 1_000_000;
  private static final long FRAME = 10 * MS;

  @RegisterExtension final FakeServer server = new FakeServer();

  private final ExecutorService opener = Executors.newSingleThreadExecutor();
  private StreamObserver<StreamFramesResponse> observer;
  private FrameStream stream;
  private boolean sendsSteadyTime = true;

  private long clientTime = 5_000_000 * MS; // unrelated to the server's clocks
  private long wallTime = 1_700_000_000_000L * MS;
  private long steadyTime = -77_000 * MS;
  private long nextIndex;

  @AfterEach
  void close() {
    stream.close();
    opener.shutdownNow();
  }

  private void open(Duration preroll) throws Exception {
    server.keepStreamsOpen();
    Future<FrameStream> opening =
        opener.submit(() -> server.client(() -> clientTime).stream(StreamOptions.defaults()));
    observer = server.awaitStreams(1).get(0);
    StreamFramesResponse.Builder started = FakeMessages.started(FRAME_SIZE).toBuilder();
    started.getStartedBuilder().setPrerollMs((int) preroll.toMillis());
    observer.onNext(started.build());
    stream = opening.get(20, TimeUnit.SECONDS);
  }

  private void advance(long nanos) {
    clientTime += nanos;
    wallTime += nanos;
    steadyTime += nanos;
  }

  /** Sends a frame whose last sample is captured now. */
  private void send() {
    StreamFramesResponse.Builder message = FakeMessages.frame(nextIndex, FRAME_SIZE, 0).toBuilder();
    message
        .getFrameBuilder()
        .setCaptureTimeUnixNanos(wallTime - FRAME)
        .setReadDelayMicros((int) (FRAME / 1_000));
    if (sendsSteadyTime) {
      message.getFrameBuilder().setReadTimeSteadyNanos(steadyTime);
    }
    observer.onNext(message.build());
    nextIndex += FRAME_SIZE;
  }

  /** Sends frames as they are captured, and reads each of them. */
  private void stream(int count) throws Exception {
    for (int k = 0; k < count; k++) {
      advance(FRAME);
      send();
      Frame frame = stream.read();
      assertThat(frame.sampleIndex()).isEqualTo(nextIndex - FRAME_SIZE);
      assertThat(frame.gap()).isEmpty();
    }
  }

  /**
   * Captures frames that arrive together at the end, and returns the age of the first one that is
   * read.
   *
   * @param count the number of frames; the wall clock is set in the middle
   * @param step how far the wall clock is set
   */
  private long ageAfterStall(int count, long step) throws Exception {
    long clientBefore = clientTime;
    long firstIndex = nextIndex;
    for (int k = 0; k < count; k++) {
      advance(FRAME);
      wallTime += k == count / 2 ? step : 0;
      clientTime = clientBefore + count * FRAME; // when all of them arrive
      send();
    }
    Frame frame = stream.read();
    long captured = (frame.sampleIndex() - firstIndex) / FRAME_SIZE + 1;
    for (long k = captured; k < count; k++) {
      assertThat(stream.read().gap()).isEmpty();
    }
    return (count - captured) * FRAME;
  }

  @ParameterizedTest
  @CsvSource({
    "true, -300", "true, -2000", "true, -3600000", "true, 300", "true, 3600000",
    "false, -300", "false, -2000", "false, -3600000", "false, 300", "false, 3600000",
    "true, -250", "false, -50", "false, 50"
  })
  void clockStepExpiresNoFrameAndHidesNone(boolean steady, long stepMs) throws Exception {
    sendsSteadyTime = steady;
    open(Duration.ZERO);
    stream(100);
    wallTime += stepMs * MS;
    stream(1_000);
    assertThat(stream.staleFrames()).isZero();
    assertThat(ageAfterStall(100, 0)).isLessThanOrEqualTo(202 * MS);
    assertThat(stream.staleFrames()).isBetween(78L, 80L);
    stream(100);
  }

  @ParameterizedTest
  @CsvSource({
    "true, 300", "true, 3600000", "true, -300", "true, -3600000",
    "false, 300", "false, 3600000", "false, -300", "false, -3600000"
  })
  void clockStepDuringStallHidesNoExpiredFrame(boolean steady, long stepMs) throws Exception {
    sendsSteadyTime = steady;
    open(Duration.ZERO);
    stream(100);
    assertThat(ageAfterStall(500, stepMs * MS)).isLessThanOrEqualTo(206 * MS);
    stream(1_000);
  }

  @ParameterizedTest
  @ValueSource(longs = {-3_600_000, -300, 300, 3_600_000})
  void clockStepDuringPrerollNeitherEndsNorExtendsIt(long stepMs) throws Exception {
    open(Duration.ofMillis(500));
    for (int k = 0; k < 50; k++) { // the history
      advance(FRAME);
      wallTime += k == 10 ? stepMs * MS : 0;
      send();
      clientTime += 300 * MS; // each frame waits longer than the limit
      assertThat(stream.read().sampleIndex()).isEqualTo(nextIndex - FRAME_SIZE);
    }
    stream(100);
    assertThat(ageAfterStall(100, 0)).isLessThanOrEqualTo(202 * MS);
    assertThat(stream.staleFrames()).isBetween(78L, 80L);
  }

  @Test
  void suspensionOfServerExpiresNoFrame() throws Exception {
    open(Duration.ZERO);
    stream(100);
    clientTime += 10_000 * MS;
    wallTime += 10_000 * MS; // the steady clock stops
    stream(1_000);
    assertThat(ageAfterStall(100, 0)).isLessThanOrEqualTo(202 * MS);
  }

  @Test
  void suspensionOfBothMachinesHidesNoExpiredFrame() throws Exception {
    open(Duration.ZERO);
    stream(100);
    wallTime += 10_000 * MS; // both steady clocks stop
    stream(100);
    assertThat(ageAfterStall(100, 0)).isLessThanOrEqualTo(202 * MS);
  }

  @Test
  void frameHasSteadyTimeOrZero() throws Exception {
    open(Duration.ZERO);
    advance(FRAME);
    send();
    assertThat(stream.read().readTimeSteadyNanos()).isEqualTo(steadyTime);
    sendsSteadyTime = false;
    advance(FRAME);
    send();
    assertThat(List.of(stream.read().readTimeSteadyNanos())).containsExactly(0L);
  }
}
