package dev.lavalier.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufOutputStream;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Claim: for each subscriber, an encoded frame costs one copy into the transport's buffer, and the
 * only allocation is the stream of 32 bytes that a gRPC marshaller must return. The generated
 * marshaller encodes the frame again for each subscriber.
 *
 * <p>One operation is one frame for one subscriber. {@code copy} is the lower bound: it only copies
 * the bytes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MarshallerBenchmark {

  private static final PcmFormat FORMAT = PcmFormat.parse("48000/2/s16le");

  /** Bytes of PCM audio: 20 ms of 48 kHz stereo, and 20 ms of 16 kHz mono. */
  @Param({"3840", "640"})
  public int pcmBytes;

  private final Marshaller<byte[]> encoded = new EncodedMarshaller();
  private final Marshaller<StreamFramesResponse> generated =
      AudioCaptureGrpc.getStreamFramesMethod().getResponseMarshaller();
  private final ByteBuf buffer = Unpooled.directBuffer(8192);
  private final ByteBufOutputStream transport = new ByteBufOutputStream(buffer);

  private byte[] bytes;
  private StreamFramesResponse message;

  /** Encodes the frame once. */
  @Setup
  public void encode() throws InvalidProtocolBufferException {
    bytes =
        AudioCaptureCalls.pcmCodec()
            .newEncoder(FORMAT, pcmBytes / FORMAT.bytesPerSampleFrame())
            .encode(
                new Period(
                    new byte[pcmBytes],
                    pcmBytes / FORMAT.bytesPerSampleFrame(),
                    960_000,
                    100_000_000_000L,
                    1_750_000_000_000_000_000L,
                    100_021_000_000L));
    message = StreamFramesResponse.parseFrom(bytes);
  }

  /** Copies only the bytes into a direct buffer. */
  @Benchmark
  public int copy() {
    buffer.clear();
    buffer.writeBytes(bytes);
    return buffer.readableBytes();
  }

  /** Marshals a frame as the server does. */
  @Benchmark
  public int encodedOnce() throws IOException {
    return drain(encoded.stream(bytes));
  }

  /** Marshals a frame as generated code does. */
  @Benchmark
  public int encodedForEach() throws IOException {
    return drain(generated.stream(message));
  }

  /**
   * Drains a stream as gRPC's framer does. Not inlined, because in a server the stream passes
   * through the layers of gRPC, and the compiler cannot eliminate it.
   */
  @CompilerControl(CompilerControl.Mode.DONT_INLINE)
  private int drain(InputStream stream) throws IOException {
    buffer.clear();
    int length = ((KnownLength) stream).available();
    int drained = ((Drainable) stream).drainTo(transport);
    stream.close();
    return length + drained;
  }
}
