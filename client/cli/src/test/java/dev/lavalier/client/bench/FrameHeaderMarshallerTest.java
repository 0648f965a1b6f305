package dev.lavalier.client.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.lavalier.client.FakeMessages;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GapPart;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamNotice;
import java.io.ByteArrayInputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

final class FrameHeaderMarshallerTest {

  private static StreamEvent parse(StreamFramesResponse message) {
    return new FrameHeaderMarshaller().parse(new ByteArrayInputStream(message.toByteArray()));
  }

  @Test
  void frameHeaderIsReadAndOtherFieldsAreSkipped() {
    UnknownFieldSet newer =
        UnknownFieldSet.newBuilder()
            .addField(
                99,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFrom(new byte[500]))
                    .build())
            .build();
    AudioFrame frame =
        AudioFrame.newBuilder()
            .setPcm(ByteString.copyFrom(new byte[100_000]))
            .setSampleIndex(1L << 40)
            .setCaptureTimeUnixNanos(1_800_000_000_123_456_789L)
            .setReadDelayMicros(-1) // 2^32 - 1: the field is unsigned
            .setGap(
                Gap.newBuilder()
                    .setSampleCount(960)
                    .setCause(GapCause.GAP_CAUSE_DEVICE_OVERRUN)
                    .setEstimated(true))
            .setUnknownFields(newer)
            .build();
    assertThat(
            parse(
                StreamFramesResponse.newBuilder().setFrame(frame).setUnknownFields(newer).build()))
        .isEqualTo(
            new StreamEvent.FrameHeader(
                1L << 40,
                1_800_000_000_123_456_789L,
                4_294_967_295_000L,
                List.of(new StreamEvent.GapPart(BenchReport.Cause.DEVICE_OVERRUN, 960))));
  }

  @Test
  void gapHasSamplesOfEachCause() {
    AudioFrame.Builder frame = AudioFrame.newBuilder();
    frame
        .getGapBuilder()
        .setSampleCount(960)
        .setCause(GapCause.GAP_CAUSE_SERVER_OVERLOAD)
        .addParts(
            GapPart.newBuilder().setSampleCount(900).setCause(GapCause.GAP_CAUSE_SERVER_OVERLOAD))
        .addParts(
            GapPart.newBuilder().setSampleCount(60).setCause(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER));
    StreamEvent event = parse(StreamFramesResponse.newBuilder().setFrame(frame).build());
    StreamEvent.FrameHeader header = (StreamEvent.FrameHeader) event;
    assertThat(header.gapSamples()).isEqualTo(960);
    assertThat(header.gap())
        .containsExactly(
            new StreamEvent.GapPart(BenchReport.Cause.SERVER_OVERLOAD, 900),
            new StreamEvent.GapPart(BenchReport.Cause.SLOW_SUBSCRIBER, 60));
  }

  @Test
  void otherMessagesAreRecognized() {
    assertThat(parse(FakeMessages.started(80)))
        .isEqualTo(new StreamEvent.Opened(7, new BenchReport.Stream("fake", 8_000, 80, 200)));
    assertThat(
            parse(
                StreamFramesResponse.newBuilder()
                    .setNotice(StreamNotice.newBuilder().setMessage("muted"))
                    .build()))
        .isEqualTo(StreamEvent.Other.INSTANCE);
    assertThat(parse(StreamFramesResponse.getDefaultInstance()))
        .isEqualTo(StreamEvent.Other.INSTANCE);
  }
}
