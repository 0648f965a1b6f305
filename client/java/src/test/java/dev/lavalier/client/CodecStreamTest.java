package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.lavalier.capture.Period;
import dev.lavalier.client.LavalierException.Kind;
import dev.lavalier.codec.flac.FlacCodec;
import dev.lavalier.codec.opus.OpusCodec;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.GapCause;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests streams of packets that the codecs of the server have encoded. */
final class CodecStreamTest {

  private static final StreamOptions ONCE =
      StreamOptions.builder().reconnect(Duration.ZERO).build();

  @RegisterExtension final FakeServer server = new FakeServer();

  private static StreamFramesResponse started(
      dev.lavalier.v1.Codec codec, PcmFormat format, int frameSize) {
    AudioFormat.Builder audio =
        AudioFormat.newBuilder()
            .setEncodingValue(format.encoding() == SampleEncoding.S16LE ? 1 : 2)
            .setSampleRateHz(format.sampleRateHz())
            .setChannelCount(format.channelCount());
    return StreamFramesResponse.newBuilder()
        .setStarted(
            StreamStarted.newBuilder()
                .setDeviceId("fake")
                .setEpoch(7)
                .setFormat(audio)
                .setCaptureFormat(audio)
                .setFrameSize(frameSize)
                .setMaxLatencyMs(10_000)
                .setCodec(codec))
        .build();
  }

  private static StreamFramesResponse frame(long index, PcmFormat format, byte[] packet, long gap) {
    AudioFrame.Builder frame =
        AudioFrame.newBuilder()
            .setSampleIndex(index)
            .setCaptureTimeUnixNanos(index * 1_000_000_000 / format.sampleRateHz())
            .setPacket(ByteString.copyFrom(packet));
    if (gap > 0) {
      frame.getGapBuilder().setSampleCount(gap).setCause(GapCause.GAP_CAUSE_SLOW_SUBSCRIBER);
    }
    return StreamFramesResponse.newBuilder().setFrame(frame).build();
  }

  /** Encodes frames, which start at index 0. */
  private static List<byte[]> encode(
      PacketCodec codec, PcmFormat format, int frameSize, List<byte[]> frames) {
    FrameEncoder encoder =
        codec.newEncoder(dev.lavalier.audio.PcmFormat.parse(format.toString()), frameSize);
    List<byte[]> packets = new ArrayList<>();
    for (byte[] pcm : frames) {
      long index = (long) packets.size() * frameSize;
      packets.add(encoder.encode(new Period(pcm, frameSize, index, 0, 0, 0)));
    }
    return packets;
  }

  /** Returns frames of a sine of a quarter of full scale, in the first channel, and noise. */
  private static List<byte[]> frames(PcmFormat format, int frameSize, int count) {
    Random random = new Random(5);
    List<byte[]> frames = new ArrayList<>();
    int bytes = format.encoding().bytesPerSample();
    for (int frame = 0; frame < count; frame++) {
      byte[] pcm = new byte[frameSize * format.bytesPerSampleFrame()];
      int loudness = random.nextInt(4); // of the other channels
      for (int k = 0; k < pcm.length / bytes; k++) {
        int channel = k % format.channelCount();
        long n = (long) frame * frameSize + k / format.channelCount();
        double value =
            channel == 0
                ? 0.25 * Math.sin(2 * Math.PI * 440 * n / format.sampleRateHz())
                : (random.nextDouble() * 2 - 1) * loudness / 3;
        int sample = (int) (value * ((1 << (8 * bytes - 1)) - 1));
        for (int i = 0; i < bytes; i++) {
          pcm[k * bytes + i] = (byte) (sample >> (8 * i));
        }
      }
      frames.add(pcm);
    }
    return frames;
  }

  private static byte[] pcm(Frame frame) {
    byte[] pcm = new byte[frame.pcm().remaining()];
    frame.pcm().get(pcm);
    return pcm;
  }

  @ParameterizedTest
  @CsvSource({
    "48000/1/s16le, 480",
    "48000/2/s24le, 960",
    "16000/2/s16le, 16",
    "44100/1/s24le, 441",
    "96000/8/s16le, 1000",
    "11025/3/s16le, 577",
  })
  void flacIsDecodedToTheEncodedSamples(String text, int frameSize) throws Exception {
    PcmFormat format = PcmFormat.parse(text);
    List<byte[]> frames = frames(format, frameSize, 40);
    List<byte[]> packets = encode(new FlacCodec(), format, frameSize, frames);
    List<StreamFramesResponse> messages = new ArrayList<>();
    messages.add(started(dev.lavalier.v1.Codec.CODEC_FLAC, format, frameSize));
    for (int k = 0; k < packets.size(); k++) {
      messages.add(frame((long) k * frameSize, format, packets.get(k), 0));
    }
    server.respondWith(messages, Status.OK);
    try (FrameStream stream = server.client().stream(ONCE.toBuilder().codec(Codec.FLAC).build())) {
      for (byte[] expected : frames) {
        assertThat(pcm(stream.read())).isEqualTo(expected);
      }
    }
    assertThat(server.lastRequest().getCodec()).isEqualTo(dev.lavalier.v1.Codec.CODEC_FLAC);
  }

  @Test
  void opusIsDecodedAndGapIsReported() throws Exception {
    PcmFormat format = PcmFormat.parse("48000/1/s16le");
    int frameSize = 960;
    List<byte[]> packets =
        encode(new OpusCodec(64_000), format, frameSize, frames(format, frameSize, 50));
    List<StreamFramesResponse> messages = new ArrayList<>();
    messages.add(started(dev.lavalier.v1.Codec.CODEC_OPUS, format, frameSize));
    for (int k = 0; k < packets.size(); k++) {
      if (k < 20 || k >= 23) {
        messages.add(
            frame((long) k * frameSize, format, packets.get(k), k == 23 ? 3L * frameSize : 0));
      }
    }
    server.respondWith(messages, Status.OK);
    StreamOptions options = ONCE.toBuilder().codec(Codec.OPUS).bitrate(64_000).build();
    try (FrameStream stream = server.client().stream(options)) {
      long gaps = 0;
      for (int k = 0; k < packets.size() - 3; k++) {
        Frame frame = stream.read();
        gaps += frame.gap().map(Gap::sampleCount).orElse(0L);
        if (k >= 10) { // until then the decoder converges
          assertThat(rms(frame)).isCloseTo(0.25 / Math.sqrt(2), Offset.offset(0.02));
        }
      }
      assertThat(gaps).isEqualTo(3L * frameSize);
    }
    assertThat(server.lastRequest().getCodec()).isEqualTo(dev.lavalier.v1.Codec.CODEC_OPUS);
    assertThat(server.lastRequest().getBitrate()).isEqualTo(64_000);
  }

  private static double rms(Frame frame) {
    ByteBuffer pcm = frame.pcm().order(ByteOrder.LITTLE_ENDIAN);
    double power = 0;
    int count = pcm.remaining() / 2;
    while (pcm.hasRemaining()) {
      double value = pcm.getShort() / 32_768.0;
      power += value * value;
    }
    return Math.sqrt(power / count);
  }

  /** A gap of 7 frames: the decoder conceals 5 of them, which are 100 ms. */
  @Test
  void concealedAudioOfGapIsAvailable() throws Exception {
    PcmFormat format = PcmFormat.parse("48000/2/s16le");
    List<byte[]> packets = encode(new OpusCodec(96_000), format, 960, frames(format, 960, 30));
    List<StreamFramesResponse> messages = new ArrayList<>();
    messages.add(started(dev.lavalier.v1.Codec.CODEC_OPUS, format, 960));
    for (int k = 0; k < 20; k++) {
      messages.add(frame(k * 960L, format, packets.get(k), 0));
    }
    messages.add(frame(27 * 960L, format, packets.get(27), 7 * 960));
    messages.add(frame(28 * 960L + 100, format, packets.get(28), 100));
    server.respondWith(messages, Status.OK);
    try (FrameStream stream = server.client().stream(ONCE.toBuilder().codec(Codec.OPUS).build())) {
      for (int k = 0; k < 20; k++) {
        assertThat(stream.read().concealedPcm()).isEmpty();
      }
      ByteBuffer concealed = stream.read().concealedPcm().orElseThrow();
      assertThat(concealed.remaining()).isEqualTo(5 * 960 * 4);
      assertThat(concealed.getShort(4)).isNotZero();
      assertThat(stream.read().concealedPcm()).as("shorter than a frame").isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"CODEC_OPUS, OPUS", "CODEC_FLAC, FLAC"})
  void packetsAreHandedOutAsTheyCame(dev.lavalier.v1.Codec sent, Codec codec) throws Exception {
    StreamFramesResponse.Builder started =
        started(sent, PcmFormat.parse("48000/1/s16le"), 960).toBuilder();
    started.getStartedBuilder().setCodecConfig(ByteString.copyFromUtf8("config"));
    PcmFormat format = PcmFormat.parse("48000/1/s16le");
    server.respondWith(
        List.of(
            started.build(),
            frame(0, format, new byte[] {1, 2, 3}, 0),
            frame(2_880, format, new byte[] {4}, 1_920)),
        Status.OK);
    StreamOptions options = ONCE.toBuilder().codec(codec).packets(true).build();
    try (FrameStream stream = server.client().stream(options)) {
      assertThat(stream.start().codec()).isEqualTo(codec);
      assertThat(StandardCharsets.UTF_8.decode(stream.start().codecConfig()).toString())
          .isEqualTo("config");
      Frame first = stream.read();
      assertThat(first.packet()).contains(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      assertThat(first.pcm().hasRemaining()).isFalse();
      Frame second = stream.read();
      assertThat(second.packet()).contains(ByteBuffer.wrap(new byte[] {4}));
      assertThat(second.gap().map(Gap::sampleCount)).contains(1_920L);
      assertThat(second.concealedPcm()).isEmpty();
    }
  }

  @Test
  void olderServerHasNoPackets() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.OK);
    StreamOptions options = ONCE.toBuilder().codec(Codec.OPUS).packets(true).build();
    try (FrameStream stream = server.client().stream(options)) {
      assertThat(stream.start().codec()).isEqualTo(Codec.PCM);
      Frame frame = stream.read();
      assertThat(frame.packet()).isEmpty();
      assertThat(frame.pcm().remaining()).isEqualTo(160);
    }
  }

  @Test
  void serverThatIsOlderThanCodecsSendsPcm() throws Exception {
    server.respondWith(List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)), Status.OK);
    try (FrameStream stream = server.client().stream(ONCE.toBuilder().codec(Codec.OPUS).build())) {
      assertThat(stream.read().pcm().remaining()).isEqualTo(160);
    }
  }

  @Test
  void codecOfNewerServerIsReported() {
    StreamFramesResponse.Builder started = FakeMessages.started(80).toBuilder();
    started.getStartedBuilder().setCodecValue(77);
    server.respondWith(List.of(started.build()), Status.OK);
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> server.client().stream(ONCE))
        .withMessage("codec: 77 (expected: 0..3; the server is newer than this client)")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INTERNAL));
  }

  @ParameterizedTest
  @CsvSource({"CODEC_OPUS", "CODEC_FLAC"})
  void formatThatTheCodecDoesNotHaveIsReported(dev.lavalier.v1.Codec codec) {
    PcmFormat format = PcmFormat.parse("44100/9/s16le");
    server.respondWith(List.of(started(codec, format, 882)), Status.OK);
    assertThatExceptionOfType(LavalierException.class)
        .isThrownBy(() -> server.client().stream(ONCE))
        .withMessageStartingWith("format: 44100/9/s16le with frame_size 882 (expected: ")
        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.INTERNAL));
  }

  @Test
  void packetThatCannotBeDecodedEndsTheStream() throws Exception {
    PcmFormat format = PcmFormat.parse("48000/1/s16le");
    List<byte[]> packets = encode(new FlacCodec(), format, 960, frames(format, 960, 2));
    server.respondWith(
        List.of(
            started(dev.lavalier.v1.Codec.CODEC_FLAC, format, 960),
            frame(0, format, new byte[] {1}, 0),
            frame(960, format, packets.get(1), 0)),
        null);
    try (FrameStream stream = server.client().stream(ONCE.toBuilder().codec(Codec.FLAC).build())) {
      assertThatExceptionOfType(LavalierException.class)
          .isThrownBy(stream::read)
          .withMessageStartingWith("packet: ");
      assertThat(stream.read()).isNull();
      assertThat(stream.connectionState()).isEqualTo(ConnectionState.CLOSED);
    }
  }

  /** Changed, shortened and random packets: each is decoded, or fails in the way that is stated. */
  @ParameterizedTest
  @CsvSource({"CODEC_OPUS", "CODEC_FLAC"})
  void malformedPacketsAreReported(dev.lavalier.v1.Codec codec) throws Exception {
    PcmFormat format = PcmFormat.parse("48000/2/s16le");
    StreamStart start = ProtoMapper.start(started(codec, format, 480).getStarted());
    PacketDecoder decoder = PacketDecoder.of(start);
    PacketCodec encoder =
        codec == dev.lavalier.v1.Codec.CODEC_OPUS ? new OpusCodec(96_000) : new FlacCodec();
    List<byte[]> packets = encode(encoder, format, 480, frames(format, 480, 20));
    Random random = new Random(9);
    int failed = 0;
    for (int k = 0; k < 2_000; k++) {
      byte[] packet = packets.get(k % packets.size()).clone();
      switch (k % 3) {
        case 0 -> packet[random.nextInt(packet.length)] ^= (byte) (1 << random.nextInt(8));
        case 1 -> packet = Arrays.copyOf(packet, random.nextInt(packet.length));
        default -> random.nextBytes(packet);
      }
      try {
        assertThat(decoder.decode(packet).remaining()).isEqualTo(480 * 4);
      } catch (LavalierException e) {
        assertThat(e.kind()).isEqualTo(Kind.INTERNAL);
        assertThat(e).hasMessageStartingWith("packet: ");
        failed++;
      }
    }
    assertThat(failed).isBetween(500, 2_000);
    assertThat(decoder.decode(packets.get(0)).remaining()).isEqualTo(480 * 4);
  }
}
