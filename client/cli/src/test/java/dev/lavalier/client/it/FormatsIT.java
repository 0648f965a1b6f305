package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.Conversion;
import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.SampleEncoding;
import dev.lavalier.client.StreamOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests a known signal in every output format, from a server process over TCP to a client. */
final class FormatsIT {

  private static final String CAPTURED = "48000/2/s16le";

  private static ServerProcess server;
  private static LavalierClient client;

  @BeforeAll
  static void start() throws IOException {
    server = ServerProcess.start(Map.of(), "--demo", "--capture-format", CAPTURED);
    client = server.client();
  }

  @AfterAll
  static void stop() throws IOException {
    client.close();
    server.close();
  }

  /**
   * Tests all rates of an encoding at a time: 20 of the 32 format pipelines that a device allows.
   */
  @ParameterizedTest
  @EnumSource(SampleEncoding.class)
  void toneArrivesInEveryFormat(SampleEncoding encoding) throws Exception {
    List<FrameStream> streams = new ArrayList<>();
    try {
      List<PcmFormat> formats = new ArrayList<>();
      for (int rateHz : Conversion.RATES_HZ) {
        for (int channels = 1; channels <= 2; channels++) {
          PcmFormat format = new PcmFormat(encoding, rateHz, channels);
          formats.add(format);
          streams.add(
              client.stream(
                  StreamOptions.builder()
                      .deviceId("tone")
                      .format(format)
                      .maxLatency(Duration.ofSeconds(10))
                      .build())); // the streams are read in turn
        }
      }
      for (int k = 0; k < streams.size(); k++) {
        assertTone(streams.get(k), formats.get(k));
      }
    } finally {
      streams.forEach(FrameStream::close);
    }
  }

  private static void assertTone(FrameStream frames, PcmFormat format) throws LavalierException {
    assertThat(frames.start().format()).isEqualTo(format);
    assertThat(frames.start().captureFormat()).hasToString(CAPTURED);
    assertThat(frames.start().conversion().isPresent())
        .isEqualTo(!format.toString().equals(CAPTURED));
    // The epoch starts after silence, and the filter rings when the tone starts: skip 50 ms.
    int settled = format.sampleRateHz() / 20;
    Frame frame = frames.read();
    while (frame.sampleIndex() < settled) {
      frame = frames.read();
    }
    int minBytes = format.sampleRateHz() * 3 / 10 * format.bytesPerSampleFrame();
    int size = frames.start().frameSize() * format.bytesPerSampleFrame();
    ByteBuffer pcm = ByteBuffer.allocate(minBytes + size);
    while (pcm.position() < minBytes) {
      assertThat(frame.pcm().remaining()).as("%s", format).isEqualTo(size);
      pcm.put(frame.pcm());
      frame = frames.read();
      assertThat(frame.gap()).as("%s", format).isEmpty();
    }
    Recording.assertSine(
        dev.lavalier.audio.PcmFormat.parse(format.toString()),
        Arrays.copyOf(pcm.array(), pcm.position()),
        440,
        -12);
  }
}
