package dev.lavalier.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.RawCall;
import dev.lavalier.v1.AudioCaptureGrpc;
import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Sends any bytes as requests through the whole service: the response is frames, or a status that
 * says in one line what was expected.
 */
final class RequestsFuzzTest {

  /** The codes for mistakes of the caller. INTERNAL and UNKNOWN are not among them. */
  private static final Set<Status.Code> REFUSALS =
      Set.of(
          Status.Code.INVALID_ARGUMENT,
          Status.Code.NOT_FOUND,
          Status.Code.FAILED_PRECONDITION,
          Status.Code.OUT_OF_RANGE,
          Status.Code.RESOURCE_EXHAUSTED);

  private static final int MAX_REQUESTS = 8;

  /** The limit of calls per second must not reject a call: 10,000 without tokens. */
  private static final Duration REFILL_TIME = Duration.ofNanos(100_000);

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withHistory(Duration.ofSeconds(2));

  @FuzzTest(maxDuration = "5s")
  void streamFrames(byte[] request) throws Exception {
    check(
        RawCall.start(lavalier.channel(), AudioCaptureGrpc.getStreamFramesMethod())
            .send(request)
            .halfClose());
  }

  @FuzzTest(maxDuration = "5s")
  void streamLevels(byte[] request) throws Exception {
    check(
        RawCall.start(lavalier.channel(), AudioCaptureGrpc.getStreamLevelsMethod())
            .send(request)
            .halfClose());
  }

  /** Several requests: each byte is the length of the next one. */
  @FuzzTest(maxDuration = "5s")
  void pullFrames(FuzzedDataProvider data) throws Exception {
    RawCall call = RawCall.start(lavalier.channel(), AudioCaptureGrpc.getPullFramesMethod());
    for (int i = 0; i < MAX_REQUESTS && data.remainingBytes() > 0; i++) {
      call.send(data.consumeBytes(data.consumeInt(0, 255)));
    }
    check(call.halfClose());
  }

  private void check(RawCall call) throws Exception {
    if (call.isAnswered()) {
      call.cancel();
    }
    Status status = call.status();
    lavalier.timeSource().advance(REFILL_TIME);
    if (status.isOk() || status.getCode() == Status.Code.CANCELLED) {
      return;
    }
    assertThat(status.getCode()).isIn(REFUSALS);
    OneLine.check(status.getDescription());
  }
}
