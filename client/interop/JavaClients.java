import dev.lavalier.client.Frame;
import dev.lavalier.client.FrameStream;
import dev.lavalier.client.Gap;
import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamOptions;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.internal.GrpcUtil;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Objects;

/** Reads a stream with gRPC for Java, or with the Java library of Lavalier: see README.md. */
final class JavaClients {

  private static final String DEVICE = "numbers";
  private static final int FRAME_SIZE = 240;
  private static final int MAX_LATENCY_MS = 1000;

  private final byte[] played;
  private final long samples;
  private final int sampleBytes;
  private final long pauseSeconds;
  private long first = -1;
  private long next;
  private long received;
  private long missing;
  private long missingBeforePause;
  private long misplaced;
  private long wrong;
  private boolean paused;

  private JavaClients(String[] args, int rateHz, int channelCount) throws Exception {
    byte[] file = Files.readAllBytes(Path.of(args[2]));
    played = new byte[file.length - 44];
    System.arraycopy(file, 44, played, 0, played.length);
    samples = Long.parseLong(args[3]) * rateHz;
    sampleBytes = Integer.BYTES * channelCount;
    pauseSeconds = Long.parseLong(args[4]);
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("grpc-java")) {
      readWithGrpc(args);
    } else {
      readWithLibrary(args);
    }
  }

  private static void readWithGrpc(String[] args) throws Exception {
    StreamFramesRequest request =
        StreamFramesRequest.newBuilder()
            .setDeviceId(DEVICE)
            .setFrameSize(FRAME_SIZE)
            .setMaxLatencyMs(MAX_LATENCY_MS)
            .build();
    ManagedChannel channel = ManagedChannelBuilder.forTarget(args[1]).usePlaintext().build();
    Iterator<StreamFramesResponse> messages =
        AudioCaptureGrpc.newBlockingStub(channel).streamFrames(request);
    AudioFormat format = messages.next().getStarted().getFormat();
    JavaClients count = new JavaClients(args, format.getSampleRateHz(), format.getChannelCount());
    while (!count.isComplete()) {
      StreamFramesResponse message = messages.next();
      if (message.hasFrame()) {
        count.add(
            message.getFrame().getSampleIndex(),
            message.getFrame().getGap().getSampleCount(),
            message.getFrame().getPcm().asReadOnlyByteBuffer());
      }
    }
    count.print("grpc-java " + GrpcUtil.getGrpcBuildVersion().getImplementationVersion());
    channel.shutdownNow();
  }

  private static void readWithLibrary(String[] args) throws Exception {
    StreamOptions options =
        StreamOptions.builder()
            .deviceId(DEVICE)
            .frameSize(FRAME_SIZE)
            .maxLatency(Duration.ofMillis(MAX_LATENCY_MS))
            .reconnect(Duration.ZERO)
            .build();
    try (LavalierClient client = LavalierClient.connect(args[1]);
        FrameStream stream = client.stream(options)) {
      PcmFormat format = stream.start().format();
      JavaClients count = new JavaClients(args, format.sampleRateHz(), format.channelCount());
      while (!count.isComplete()) {
        Frame frame = Objects.requireNonNull(stream.read(), "the server ended the stream");
        long gap = frame.gap().map(Gap::sampleCount).orElse(0L);
        count.add(frame.sampleIndex(), gap, frame.pcm());
      }
      count.print("lavalier-java " + LavalierClient.class.getPackage().getImplementationVersion());
    }
  }

  private boolean isComplete() {
    return first >= 0 && next - first >= samples;
  }

  private void add(long index, long gap, ByteBuffer pcm) throws InterruptedException {
    if (isWrong(index, pcm.duplicate())) {
      wrong++;
    }
    if (first < 0) {
      first = index;
    } else {
      misplaced += index == next + gap ? 0 : 1;
      missing += gap;
      missingBeforePause += paused ? 0 : gap;
    }
    int size = pcm.remaining() / sampleBytes;
    received += size;
    next = index + size;
    if (!paused && next - first >= samples / 2) {
      paused = true;
      Thread.sleep(pauseSeconds * 1000);
    }
  }

  private boolean isWrong(long index, ByteBuffer pcm) {
    int at = (int) (index * sampleBytes % played.length);
    while (pcm.hasRemaining()) {
      if (pcm.get() != played[at]) {
        return true;
      }
      at = (at + 1) % played.length;
    }
    return false;
  }

  private void print(String client) {
    System.out.printf(
        "{\"client\": \"%s\", \"first\": %d, \"next\": %d, \"received\": %d, \"missing\": %d,"
            + " \"missing_before_pause\": %d, \"misplaced\": %d, \"wrong\": %d}%n",
        client, first, next, received, missing, missingBeforePause, misplaced, wrong);
  }
}
