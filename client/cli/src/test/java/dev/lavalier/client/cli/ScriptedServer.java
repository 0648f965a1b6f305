package dev.lavalier.client.cli;

import com.google.protobuf.ByteString;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.ListDevicesRequest;
import dev.lavalier.v1.ListDevicesResponse;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.UnaryOperator;

/**
 * A server over TCP on loopback, whose device "mic" delivers what a test says. Two channels of 8
 * kHz, 16 bits, in frames of 20 ms.
 */
final class ScriptedServer implements AutoCloseable {

  static final int FRAME_SIZE = 160;

  private static final int RATE_HZ = 8_000;
  private static final int FRAMES = 50;

  private final Server server;
  private volatile boolean tellsTime = true;
  private volatile Duration clockOffset = Duration.ZERO;
  private volatile Duration latency = Duration.ofMillis(30);
  private volatile Duration readDelay = Duration.ofMillis(25);
  private volatile List<Integer> listedRates = List.of(0);
  private volatile String vendor = "";
  private volatile Status refusal = Status.OK;
  private volatile int frames = FRAMES;
  private long lost;
  private volatile Status end = Status.UNAVAILABLE.withDescription("the device was lost");
  private volatile IntUnaryOperator left = n -> n % 100;
  private volatile IntUnaryOperator right = n -> n % 100;

  private ScriptedServer(UnaryOperator<NettyServerBuilder> transport) throws IOException {
    server =
        transport
            .apply(
                NettyServerBuilder.forAddress(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
            .directExecutor()
            .addService(new AudioCapture())
            .build()
            .start();
  }

  static ScriptedServer start() throws IOException {
    return new ScriptedServer(builder -> builder);
  }

  /** Starts a server whose transport is configured by {@code transport}. */
  static ScriptedServer start(UnaryOperator<NettyServerBuilder> transport) throws IOException {
    return new ScriptedServer(transport);
  }

  /** Makes the server one that does not have GetServerInfo. */
  ScriptedServer withoutServerInfo() {
    tellsTime = false;
    return this;
  }

  /** Sets the server's wall clock ahead of that of the client. */
  ScriptedServer withClockAhead(Duration offset) {
    clockOffset = offset;
    return this;
  }

  /** Sets the age of each frame when it is sent, and the part of it until it was read. */
  ScriptedServer withLatency(Duration age, Duration untilRead) {
    latency = age;
    readDelay = untilRead;
    return this;
  }

  /** Sets the sample rates that the device lists; 0: any. */
  ScriptedServer withListedRates(Integer... ratesHz) {
    listedRates = List.of(ratesHz);
    return this;
  }

  /** Makes the server fail GetServerInfo with a status; OK: it answers. */
  ScriptedServer withRefusal(Status status) {
    refusal = status;
    return this;
  }

  /** Sets the vendor of the device. */
  ScriptedServer withVendor(String name) {
    vendor = name;
    return this;
  }

  /** Sets the samples of each channel, by their index. */
  ScriptedServer withSamples(IntUnaryOperator first, IntUnaryOperator second) {
    left = first;
    right = second;
    return this;
  }

  /** Lets the device lose samples before the second frame. */
  ScriptedServer withLoss(long samples) {
    lost = samples;
    return this;
  }

  /** Ends each stream after some frames; 0: {@code started} is not sent either; OK: stays open. */
  ScriptedServer withEnd(int afterFrames, Status status) {
    frames = afterFrames;
    end = status;
    return this;
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static AudioFormat.Builder format(int sampleRateHz) {
    return AudioFormat.newBuilder()
        .setEncodingValue(1)
        .setSampleRateHz(sampleRateHz)
        .setChannelCount(2);
  }

  private long unixNanos() {
    return ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now().plus(clockOffset));
  }

  private AudioFrame.Builder frame(int number) {
    ByteBuffer pcm = ByteBuffer.allocate(FRAME_SIZE * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int n = number * FRAME_SIZE; pcm.hasRemaining(); n++) {
      pcm.putShort((short) left.applyAsInt(n)).putShort((short) right.applyAsInt(n));
    }
    return AudioFrame.newBuilder()
        .setPcm(ByteString.copyFrom(pcm.flip()))
        .setSampleIndex(number * (long) FRAME_SIZE + (number > 0 ? lost : 0))
        .setCaptureTimeUnixNanos(unixNanos() - latency.toNanos())
        .setReadDelayMicros((int) (readDelay.toNanos() / 1_000))
        .setReadTimeSteadyNanos(System.nanoTime());
  }

  private final class AudioCapture extends AudioCaptureGrpc.AudioCaptureImplBase {
    @Override
    public void getServerInfo(
        GetServerInfoRequest request, StreamObserver<GetServerInfoResponse> observer) {
      if (!refusal.isOk()) {
        observer.onError(refusal.asRuntimeException());
      } else if (tellsTime) {
        observer.onNext(
            GetServerInfoResponse.newBuilder()
                .setVersion("9.8.7")
                .setServerTimeUnixNanos(unixNanos())
                .build());
        observer.onCompleted();
      } else {
        observer.onError(Status.UNIMPLEMENTED.asRuntimeException());
      }
    }

    @Override
    public void listDevices(
        ListDevicesRequest request, StreamObserver<ListDevicesResponse> observer) {
      Device.Builder mic =
          Device.newBuilder()
              .setDeviceId("mic")
              .setVendor(vendor)
              .setIsDefault(true)
              .setCaptureFormat(format(RATE_HZ));
      listedRates.forEach(rate -> mic.addFormats(format(rate)));
      observer.onNext(ListDevicesResponse.newBuilder().addDevices(mic).build());
      observer.onCompleted();
    }

    @Override
    public void streamFrames(
        StreamFramesRequest request, StreamObserver<StreamFramesResponse> observer) {
      if (frames > 0) {
        observer.onNext(
            StreamFramesResponse.newBuilder()
                .setStarted(
                    StreamStarted.newBuilder()
                        .setDeviceId("mic")
                        .setEpoch(1)
                        .setFormat(format(RATE_HZ))
                        .setCaptureFormat(format(RATE_HZ))
                        .setFrameSize(FRAME_SIZE)
                        .setMaxLatencyMs(request.getMaxLatencyMs()))
                .build());
      }
      for (int i = 0; i < frames; i++) {
        AudioFrame.Builder frame = frame(i);
        if (i == 1 && lost > 0) {
          frame.getGapBuilder().setSampleCount(lost).setCause(GapCause.GAP_CAUSE_DEVICE_OVERRUN);
        }
        observer.onNext(StreamFramesResponse.newBuilder().setFrame(frame).build());
      }
      if (!end.isOk()) {
        observer.onError(end.asRuntimeException());
      }
    }
  }
}
