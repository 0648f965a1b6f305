package dev.lavalier.client;

import com.google.protobuf.ByteString;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import java.util.Arrays;

/** Messages for {@link FakeServer}: 8 kHz, mono, 16 bits; every sample is 0x0101. */
public final class FakeMessages {

  private FakeMessages() {}

  /** Returns the start of a stream with frames of {@code frameSize} samples. */
  public static StreamFramesResponse started(int frameSize) {
    AudioFormat.Builder format =
        AudioFormat.newBuilder().setEncodingValue(1).setSampleRateHz(8_000).setChannelCount(1);
    return StreamFramesResponse.newBuilder()
        .setStarted(
            StreamStarted.newBuilder()
                .setDeviceId("fake")
                .setEpoch(7)
                .setFormat(format)
                .setCaptureFormat(format)
                .setFrameSize(frameSize)
                .setMaxLatencyMs(200))
        .build();
  }

  /** Returns a frame; it has a gap if {@code missing} is not 0. */
  public static StreamFramesResponse frame(long index, int frameSize, long missing) {
    byte[] pcm = new byte[2 * frameSize];
    Arrays.fill(pcm, (byte) 1);
    AudioFrame.Builder frame =
        AudioFrame.newBuilder()
            .setSampleIndex(index)
            .setCaptureTimeUnixNanos(index * 125_000)
            .setPcm(ByteString.copyFrom(pcm));
    if (missing > 0) {
      frame.getGapBuilder().setSampleCount(missing).setCause(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
    }
    return StreamFramesResponse.newBuilder().setFrame(frame).build();
  }
}
