package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.TestPuller;
import dev.lavalier.testing.TestSubscriber;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.DeviceState;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import io.grpc.Status;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests invalid requests and the one-line status of each. */
final class StatusCodesTest {

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime().withoutDemo().withScripted("mic");

  private void assertRefused(StreamFramesRequest.Builder request, Status.Code code, String message)
      throws Exception {
    Status status = lavalier.subscribe(request.build()).requestAll().awaitStatus();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(message);
  }

  private static StreamFramesRequest.Builder tone() {
    return StreamFramesRequest.newBuilder().setDeviceId("tone");
  }

  private static StreamFramesRequest.Builder format(AudioFormat.Builder format) {
    return tone().setFormat(format);
  }

  @Test
  void unknownDevice() throws Exception {
    assertRefused(
        StreamFramesRequest.newBuilder().setDeviceId("moon"),
        Status.Code.NOT_FOUND,
        "device_id: moon (expected: one of mic, tone)");
  }

  @Test
  void frameSizeOutOfRange() throws Exception {
    assertRefused(
        tone().setFrameSize(-1),
        Status.Code.INVALID_ARGUMENT,
        "frame_size: -1 (expected: 0..48000 samples, one second)");
    assertRefused(
        tone().setFrameSize(48_001),
        Status.Code.INVALID_ARGUMENT,
        "frame_size: 48001 (expected: 0..48000 samples, one second)");
  }

  /** 64 channels of 32 bits take 256 bytes per sample. */
  private static StreamFramesRequest.Builder wide() {
    return format(
            AudioFormat.newBuilder()
                .setEncoding(SampleEncoding.SAMPLE_ENCODING_F32LE)
                .setSampleRateHz(96_000))
        .addAllChannelMap(Collections.nCopies(64, 1));
  }

  @Test
  void frameOfMoreThanOneMebibyte() throws Exception {
    assertRefused(
        wide().setFrameSize(4_093),
        Status.Code.INVALID_ARGUMENT,
        "frame_size: 4093 (expected: 0..4092 samples, a message of 1 MiB)");
    TestPuller puller = lavalier.pull(wide().setFrameSize(96_000).build(), 1);
    assertThat(puller.received().awaitStatus().getDescription())
        .isEqualTo("frame_size: 96000 (expected: 0..4092 samples, a message of 1 MiB)");
  }

  @Test
  void latencyOutOfRange() throws Exception {
    assertRefused(
        tone().setFrameSize(960).setMaxLatencyMs(19),
        Status.Code.INVALID_ARGUMENT,
        "max_latency_ms: 19 (expected: 20..60000; at least one frame)");
    assertRefused(
        tone().setMaxLatencyMs(60_001),
        Status.Code.INVALID_ARGUMENT,
        "max_latency_ms: 60001 (expected: 20..60000; at least one frame)");
    assertRefused(
        tone().setMaxLatencyMs(-5),
        Status.Code.INVALID_ARGUMENT,
        "max_latency_ms: -5 (expected: 20..60000; at least one frame)");
  }

  @Test
  void unknownFormats() throws Exception {
    assertRefused(
        format(AudioFormat.newBuilder().setEncodingValue(99)),
        Status.Code.INVALID_ARGUMENT,
        "format.encoding: 99 (expected: 1..4, see SampleEncoding)");
    assertRefused(
        format(AudioFormat.newBuilder().setSampleRateHz(-1)),
        Status.Code.INVALID_ARGUMENT,
        "format.sample_rate_hz: -1 (expected: 48000 as captured, 8000, 11025, 16000, 22050, 24000,"
            + " 32000, 44100, 88200, 96000)");
    assertRefused(
        format(AudioFormat.newBuilder().setChannelCount(65)),
        Status.Code.INVALID_ARGUMENT,
        "format.channel_count: 65 (expected: 1..64)");
  }

  @Test
  void unsupportedFormats() throws Exception {
    assertRefused(
        format(AudioFormat.newBuilder().setSampleRateHz(8_001)),
        Status.Code.FAILED_PRECONDITION,
        "format.sample_rate_hz: 8001 (expected: 48000 as captured, 8000, 11025, 16000, 22050,"
            + " 24000, 32000, 44100, 88200, 96000)");
    assertRefused(
        format(AudioFormat.newBuilder().setChannelCount(3)),
        Status.Code.FAILED_PRECONDITION,
        "format.channel_count: 3 (expected: 2 as captured, or 1; other numbers need a"
            + " channel_map)");
    assertRefused(
        tone().addChannelMap(1).addChannelMap(3),
        Status.Code.FAILED_PRECONDITION,
        "channel_map: 3 (expected: 1..2 for a captured channel, or 0 for the mean of all)");
    assertRefused(
        tone().addChannelMap(-1),
        Status.Code.INVALID_ARGUMENT,
        "channel_map: -1 (expected: 1..2 for a captured channel, or 0 for the mean of all)");
    assertRefused(
        format(AudioFormat.newBuilder().setChannelCount(1)).addChannelMap(1).addChannelMap(2),
        Status.Code.INVALID_ARGUMENT,
        "format.channel_count: 1 (expected: 0, or 2 as in channel_map)");
  }

  @Test
  void unknownOverflowPolicy() throws Exception {
    assertRefused(
        tone().setOverflowPolicyValue(7),
        Status.Code.INVALID_ARGUMENT,
        "overflow_policy: 7 (expected: 0..2, see OverflowPolicy)");
  }

  @Test
  void busyDeviceIsReportedAndOpensWhenFree() throws Exception {
    lavalier.script("mic").busy = true;
    assertRefused(
        StreamFramesRequest.newBuilder(),
        Status.Code.UNAVAILABLE,
        "mic did not open in 48000/2/s16le: another program may use it, or it may not support this"
            + " format (the sound system reports: line with format PCM_SIGNED 48000.0 Hz, 16 bit,"
            + " stereo, 4 bytes/frame, little-endian not supported.)");
    lavalier.awaitState("mic", DeviceState.DEVICE_STATE_CLOSED);
    assertThat(lavalier.device("mic").getSubscriberCount()).isZero();

    lavalier.script("mic").busy = false;
    TestSubscriber later =
        lavalier.subscribe(StreamFramesRequest.getDefaultInstance()).requestAll();
    assertThat(later.nextStarted().getDeviceId()).isEqualTo("mic");
  }
}
