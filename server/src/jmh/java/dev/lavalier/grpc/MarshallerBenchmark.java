package dev.lavalier.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
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
 * Claim: a frame that is encoded already costs each subscriber one copy into the transport's buffer
 * and no garbage but the stream of 32 bytes that gRPC's marshallers have to return; the generated
 * marshaller encodes it again for each.
 *
 * <p>One operation is one frame for one subscriber. {@code copy} is the floor: the same bytes,
 * copied by themselves.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MarshallerBenchmark {

  /** Bytes of PCM: 20 ms of 48 kHz stereo, and of 16 kHz mono. */
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
            .encode(new byte[pcmBytes], 960_000, 1_750_000_000_000_000_000L, 21_000_000);
    message = StreamFramesResponse.parseFrom(bytes);
  }

  /** The bytes alone, into a direct buffer. */
  @Benchmark
  public int copy() {
    buffer.clear();
    buffer.writeBytes(bytes);
    return buffer.readableBytes();
  }

  /** As the server sends frames. */
  @Benchmark
  public int encodedOnce() throws IOException {
    return drain(encoded.stream(bytes));
  }

  /** As generated code sends messages. */
  @Benchmark
  public int encodedForEach() throws IOException {
    return drain(generated.stream(message));
  }

  /**
   * What gRPC's framer does with a stream. Not inlined: in a server the stream goes through gRPC's
   * layers, and the compiler cannot do without it.
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
