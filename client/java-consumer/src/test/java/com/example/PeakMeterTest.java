package com.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.google.protobuf.ByteString;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.SampleEncoding;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.util.Version;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs the application on the class path that Maven resolves. */
@Timeout(60)
final class PeakMeterTest {

  private static final int FRAME_SIZE = 320;

  @Test
  void applicationReadsFramesFromServer() throws Exception {
    Server server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new ThreeFrames())
            .build()
            .start();
    try {
      assertEquals(3 * 256 + 3, PeakMeter.peak("127.0.0.1:" + server.getPort(), 3));
    } finally {
      server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void allNettyJarsHaveSameVersion() {
    Set<String> versions =
        Version.identify().values().stream()
            .map(Version::artifactVersion)
            .collect(Collectors.toSet());
    assertEquals(1, versions.size(), versions::toString);
  }

  @Test
  void libraryConfiguresNoLogging() {
    assertNull(PeakMeter.class.getResource("/logback.xml"));
    assertNull(
        PeakMeter.class.getResource("/META-INF/services/org.slf4j.spi.SLF4JServiceProvider"));
  }

  /** Sends frames whose bytes are 1, 2 and 3, and keeps the call open. */
  private static final class ThreeFrames extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      AudioFormat format =
          AudioFormat.newBuilder()
              .setEncoding(SampleEncoding.SAMPLE_ENCODING_S16LE)
              .setSampleRateHz(16_000)
              .setChannelCount(1)
              .build();
      observer.onNext(
          StreamFramesResponse.newBuilder()
              .setStarted(
                  StreamStarted.newBuilder()
                      .setDeviceId("test")
                      .setEpoch(1)
                      .setFormat(format)
                      .setCaptureFormat(format)
                      .setFrameSize(FRAME_SIZE)
                      .setMaxLatencyMs(200))
              .build());
      for (int k = 1; k <= 3; k++) {
        byte[] pcm = new byte[2 * FRAME_SIZE];
        Arrays.fill(pcm, (byte) k);
        observer.onNext(
            StreamFramesResponse.newBuilder()
                .setFrame(
                    AudioFrame.newBuilder()
                        .setSampleIndex((k - 1L) * FRAME_SIZE)
                        .setPcm(ByteString.copyFrom(pcm)))
                .build());
      }
    }
  }
}
