package dev.lavalier.client.bench;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.WireFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Gap;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/**
 * Reads only the needed numbers of a frame from the transport's buffer and skips the audio without
 * copying it. Safe for use from any thread.
 */
final class FrameHeaderMarshaller implements MethodDescriptor.Marshaller<StreamEvent> {

  /** All fields of a frame except the audio fit into this buffer. */
  private static final int BUFFER_BYTES = 64;

  private static final long NANOS_PER_MICRO = 1_000;

  @Override
  public InputStream stream(StreamEvent event) {
    throw new UnsupportedOperationException("stream events are only received");
  }

  @Override
  public StreamEvent parse(InputStream message) {
    try {
      CodedInputStream in = CodedInputStream.newInstance(message, BUFFER_BYTES);
      StreamEvent event = StreamEvent.Other.INSTANCE;
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        switch (WireFormat.getTagFieldNumber(tag)) {
          case StreamFramesResponse.FRAME_FIELD_NUMBER -> {
            int outer = in.pushLimit(in.readRawVarint32());
            event = frameHeader(in);
            in.popLimit(outer);
          }
          case StreamFramesResponse.STARTED_FIELD_NUMBER ->
              event = opened(StreamStarted.parseFrom(in.readByteArray()));
          default -> in.skipField(tag);
        }
      }
      return event;
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static StreamEvent opened(StreamStarted started) {
    return new StreamEvent.Opened(
        started.getEpoch(),
        new BenchReport.Stream(
            started.getDeviceId(),
            started.getFormat().getSampleRateHz(),
            started.getFrameSize(),
            started.getMaxLatencyMs()));
  }

  private static StreamEvent frameHeader(CodedInputStream in) throws IOException {
    long sampleIndex = 0;
    long captureUnixNanos = 0;
    long readDelayMicros = 0;
    List<StreamEvent.GapPart> gap = List.of();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case AudioFrame.SAMPLE_INDEX_FIELD_NUMBER -> sampleIndex = in.readInt64();
        case AudioFrame.CAPTURE_TIME_UNIX_NANOS_FIELD_NUMBER -> captureUnixNanos = in.readInt64();
        case AudioFrame.READ_DELAY_MICROS_FIELD_NUMBER ->
            readDelayMicros = Integer.toUnsignedLong(in.readUInt32());
        case AudioFrame.GAP_FIELD_NUMBER -> gap = parts(Gap.parseFrom(in.readByteArray())); // rare
        default -> in.skipField(tag);
      }
    }
    return new StreamEvent.FrameHeader(
        sampleIndex, captureUnixNanos, readDelayMicros * NANOS_PER_MICRO, gap);
  }

  private static List<StreamEvent.GapPart> parts(Gap gap) {
    if (gap.getPartsCount() == 0) {
      return List.of(new StreamEvent.GapPart(cause(gap.getCause()), gap.getSampleCount()));
    }
    return gap.getPartsList().stream()
        .map(part -> new StreamEvent.GapPart(cause(part.getCause()), part.getSampleCount()))
        .toList();
  }

  private static BenchReport.Cause cause(GapCause cause) {
    return switch (cause) {
      case GAP_CAUSE_SLOW_SUBSCRIBER -> BenchReport.Cause.SLOW_SUBSCRIBER;
      case GAP_CAUSE_DEVICE_OVERRUN -> BenchReport.Cause.DEVICE_OVERRUN;
      case GAP_CAUSE_DEVICE_LOST -> BenchReport.Cause.DEVICE_LOST;
      case GAP_CAUSE_SERVER_OVERLOAD -> BenchReport.Cause.SERVER_OVERLOAD;
      case GAP_CAUSE_UPSTREAM -> BenchReport.Cause.UPSTREAM;
      default -> BenchReport.Cause.UNKNOWN; // it does not occur in a benchmark, or is new
    };
  }
}
