package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Loss;
import dev.lavalier.fleet.v1.Block;
import dev.lavalier.fleet.v1.FetchReply;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tests how the history of a node and a recording become one. */
final class BackfillTest {

  private static final PcmFormat FORMAT = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
  private static final int BLOCK = 480;
  private static final long EPOCH = 1_700_000_000_000_000L;
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final Sources sources = new Sources();

  /** A link that knows what a node has kept and what is recorded. */
  private static final class Sources implements Link {
    private final FetchReply.Builder kept = FetchReply.newBuilder();
    private final List<byte[]> recorded = new ArrayList<>();
    private final List<String> reads = new ArrayList<>();

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public void onReady(Runnable listener) {}

    @Override
    public void publish(String subject, byte[] payload) {}

    @Override
    public Registration subscribe(String pattern, Receiver receiver) {
      return () -> {};
    }

    @Override
    public byte[] request(String subject, byte[] payload, Duration timeout) {
      return kept.build().toByteArray();
    }

    @Override
    public List<byte[]> recorded(String subject, Duration back, int maxBytes) {
      reads.add("%s, %d s".formatted(subject, back.toSeconds()));
      return recorded;
    }
  }

  private static Block block(long number, long deviceLost) {
    return Block.newBuilder()
        .setEpoch(EPOCH)
        .setSampleIndex(number * BLOCK)
        .setDeviceLostSamples(deviceLost)
        .setPcm(ByteString.copyFrom(new byte[BLOCK * FORMAT.bytesPerSampleFrame()]))
        .build();
  }

  private void keep(long from, long to) {
    for (long number = from; number < to; number++) {
      sources.kept.addBlocks(block(number, 0));
    }
  }

  private void record(long from, long to, long deviceLost) {
    for (long number = from; number < to; number++) {
      sources.recorded.add(block(number, deviceLost).toByteArray());
    }
  }

  /** Returns each run of blocks without a loss, as "FIRST to LAST, after CAUSE". */
  private List<String> runs(boolean recorded) {
    Backfill backfill =
        new Backfill(
            sources,
            "edge",
            1,
            "studio/mic",
            EPOCH,
            FORMAT,
            BLOCK,
            recorded,
            new ManualTimeSource());
    List<String> runs = new ArrayList<>();
    long first = -1;
    long next = -1;
    Loss cause = Loss.OVERRUN;
    for (Backfill.Earlier each : backfill.blocks(200 * BLOCK, SECOND)) {
      long number = each.block().getSampleIndex() / BLOCK;
      if (number != next) {
        if (first >= 0) {
          runs.add("%d to %d, after %s".formatted(first, next - 1, cause.cause()));
        }
        first = number;
        cause = each.loss();
      }
      next = number + 1;
    }
    runs.add("%d to %d, after %s".formatted(first, next - 1, cause.cause()));
    return runs;
  }

  @Test
  void recordingPrecedesWhatTheNodeHasKept() {
    keep(150, 205);
    record(90, 207, 0);

    assertThat(runs(true)).containsExactly("100 to 204, after UPSTREAM");
    assertThat(sources.reads).containsExactly("lav.1.rec.studio.bWlj, 3 s");
  }

  @Test
  void recordingIsTheHistoryOfANodeThatKeepsNone() {
    record(0, 203, 0);

    assertThat(runs(true)).containsExactly("100 to 202, after UPSTREAM");
  }

  @Test
  void recordingIsNotReadIfTheNodeHasEnoughOrTheDeviceIsNotRecorded() {
    keep(150, 205);
    assertThat(runs(false)).containsExactly("150 to 204, after DEVICE_OVERRUN");
    sources.kept.clear();
    keep(100, 205);
    assertThat(runs(true)).containsExactly("100 to 204, after DEVICE_OVERRUN");
    assertThat(sources.reads).isEmpty();
  }

  @Test
  void samplesThatTheDeviceLostAreDistinguishedFromThoseLostOnTheWay() {
    record(100, 110, 0);
    record(112, 120, 2 * BLOCK);
    record(125, 130, 2 * BLOCK);
    keep(140, 205);

    assertThat(runs(true))
        .containsExactly(
            "100 to 109, after UPSTREAM",
            "112 to 119, after DEVICE_OVERRUN",
            "125 to 129, after UPSTREAM",
            "140 to 204, after UPSTREAM");
  }

  @Test
  void recordedBlocksThatDoNotBelongThereAreIgnored() {
    record(100, 102, 0);
    sources.recorded.add(new byte[] {1, 2, 3});
    sources.recorded.add(block(102, 0).toBuilder().setEpoch(EPOCH - 1).build().toByteArray());
    sources.recorded.add(
        block(102, 0).toBuilder().clearPcm().setEnded("lost").build().toByteArray());
    record(101, 104, 0);

    assertThat(runs(true)).containsExactly("100 to 103, after UPSTREAM");
  }
}
