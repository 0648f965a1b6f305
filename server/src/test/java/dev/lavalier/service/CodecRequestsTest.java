package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.MoreExecutors;
import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.hub.ResourceLimits;
import dev.lavalier.observe.AuditLog;
import dev.lavalier.pipeline.EncoderThreads;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import dev.lavalier.testing.LavalierExtension;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Codec;
import dev.lavalier.v1.GetServerInfoRequest;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamStarted;
import dev.lavalier.v1.Subscription;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Tests requests that name a codec, and the messages that they lead to. */
final class CodecRequestsTest {

  private static final Caller ANYBODY = new Caller(Authentication.anonymous(Grants.ALL), "test");

  /** A bit rate with which encoding would take a whole processor. */
  private static final int EXPENSIVE_BITRATE = 24_000;

  /** A codec whose packets contain the first sample frame. It has only frames of 10 ms. */
  private record FirstSamples(int bitrate) implements PacketCodec {

    @Override
    public SampleEncoding encodingFor(SampleEncoding captured) {
      return SampleEncoding.S24LE;
    }

    @Override
    public void check(PcmFormat format, int frameSize) throws StreamException {
      if (frameSize != format.sampleRateHz() / 100) {
        throw new StreamException(Reason.INVALID_REQUEST, "frame_size: wrong");
      }
    }

    @Override
    public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
      return frame -> Arrays.copyOf(frame.pcm(), packetBytes(format, frameSize));
    }

    @Override
    public int packetBytes(PcmFormat format, int frameSize) {
      return format.bytesPerSampleFrame();
    }

    @Override
    public long workNanosPerSecond(PcmFormat format, int frameSize) {
      return bitrate == EXPENSIVE_BITRATE ? 1_000_000_000 : 1_000_000;
    }

    @Override
    public int encoderBytes(PcmFormat format, int frameSize) {
      return 100;
    }

    @Override
    public byte[] config(PcmFormat format, int frameSize) {
      return new byte[] {1, 2, 3};
    }

    @Override
    public int delayMicros() {
      return 6_500;
    }
  }

  @RegisterExtension
  final LavalierExtension lavalier =
      LavalierExtension.withManualTime()
          .withResources(
              new ResourceLimits(32 << 20, 8 << 20, 1 << 20, 100_000, 50_000, 0.5, 0.25, 2));

  @RegisterExtension final LogEvents lines = LogEvents.of(AuditLog.LOGGER);

  private final ExecutorService executor = Executors.newSingleThreadExecutor();
  private final ExecutorService encoderThread = Executors.newSingleThreadExecutor();
  private final DeliveryLoop deliveryLoop =
      new DeliveryLoop(MoreExecutors.newSequentialExecutor(executor));
  private final RecordingSink sink = new RecordingSink();
  private AudioCaptureCalls calls;

  CodecRequestsTest() {
    lavalier.withObserver(new AuditLog(lavalier.timeSource()));
  }

  @BeforeEach
  void createCalls() {
    calls =
        new AudioCaptureCalls(
            lavalier.hub(),
            RefusalObserver.NONE,
            lavalier.serverInfo(),
            new Codecs(
                Optional.of(new FirstSamples(0)),
                Optional.of(FirstSamples::new),
                new EncoderThreads(List.of(encoderThread))));
  }

  @AfterEach
  void stopLoop() {
    executor.shutdownNow();
    encoderThread.shutdownNow();
  }

  private static StreamFramesRequest.Builder request(Codec codec) {
    return StreamFramesRequest.newBuilder().setDeviceId("tone").setFrameSize(480).setCodec(codec);
  }

  private StreamStarted started(StreamFramesRequest.Builder request) throws Exception {
    CallListener call = calls.streamFrames(request.build(), ANYBODY, deliveryLoop, sink);
    StreamStarted started = sink.next(StreamFramesResponse.parser()).getStarted();
    call.onCancel("done");
    return started;
  }

  private StreamException refusal(StreamFramesRequest.Builder request) throws Exception {
    calls.streamFrames(request.build(), ANYBODY, deliveryLoop, sink);
    return sink.nextFailure();
  }

  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"CODEC_OPUS", "CODEC_FLAC"})
  void packetIsSentInItsOwnField(Codec codec) throws Exception {
    CallListener call = calls.streamFrames(request(codec).build(), ANYBODY, deliveryLoop, sink);
    StreamStarted started = sink.next(StreamFramesResponse.parser()).getStarted();
    assertThat(started.getCodec()).isEqualTo(codec);
    assertThat(started.getCodecConfig().toByteArray()).containsExactly(1, 2, 3);
    assertThat(started.getConversion().getCodecDelayMicros()).isEqualTo(6_500);
    assertThat(started.getConversion().getLookaheadMicros()).isZero();
    lavalier.advance(Duration.ofMillis(10), 1);
    AudioFrame frame = sink.next(StreamFramesResponse.parser()).getFrame();
    assertThat(frame.getPcm().isEmpty()).isTrue();
    assertThat(frame.getPacket().size()).isEqualTo(2 * 3);
    call.onCancel("done");
  }

  @Test
  void framesWithoutCodecContainPcm() throws Exception {
    CallListener call =
        calls.streamFrames(request(Codec.CODEC_UNSPECIFIED).build(), ANYBODY, deliveryLoop, sink);
    StreamStarted started = sink.next(StreamFramesResponse.parser()).getStarted();
    assertThat(started.getCodec()).isEqualTo(Codec.CODEC_PCM);
    assertThat(started.getCodecConfig().isEmpty()).isTrue();
    assertThat(started.hasConversion()).isFalse();
    lavalier.advance(Duration.ofMillis(10), 1);
    AudioFrame frame = sink.next(StreamFramesResponse.parser()).getFrame();
    assertThat(frame.getPcm().size()).isEqualTo(480 * 4);
    assertThat(frame.getPacket().isEmpty()).isTrue();
    call.onCancel("done");
  }

  @Test
  void codecChoosesEncodingIfNoneIsRequested() throws Exception {
    assertThat(started(request(Codec.CODEC_FLAC)).getFormat().getEncoding())
        .isEqualTo(dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S24LE);
    AudioFormat.Builder s16 =
        AudioFormat.newBuilder().setEncoding(dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S16LE);
    assertThat(started(request(Codec.CODEC_FLAC).setFormat(s16)).getFormat().getEncoding())
        .isEqualTo(dev.lavalier.v1.SampleEncoding.SAMPLE_ENCODING_S16LE);
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 64000", "0, 2, 96000", "16000, 1, 16000", "192000, 2, 192000"})
  void bitrateOfOpusHasDefaultForEachChannelCount(int requested, int channels, int granted)
      throws Exception {
    StreamStarted started =
        started(
            request(Codec.CODEC_OPUS)
                .setBitrate(requested)
                .setFormat(AudioFormat.newBuilder().setChannelCount(channels)));
    assertThat(started.getBitrate()).isEqualTo(granted);
  }

  @Test
  void bitrateBesideTheListedOnesIsRejected() throws Exception {
    StreamException refusal = refusal(request(Codec.CODEC_OPUS).setBitrate(64_001));
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refusal)
        .hasMessage(
            "bitrate: 64001 (expected: 0, 16000, 24000, 32000, 48000, 64000, 96000, 128000, 192000)");
  }

  @ParameterizedTest
  @EnumSource(
      value = Codec.class,
      names = {"CODEC_UNSPECIFIED", "CODEC_PCM", "CODEC_FLAC"})
  void bitrateOfOtherCodecsIsRejected(Codec codec) throws Exception {
    StreamException refusal = refusal(request(codec).setBitrate(64_000));
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refusal).hasMessage("bitrate: 64000 (expected: 0; only CODEC_OPUS has a bit rate)");
  }

  @Test
  void unknownCodecIsRejected() throws Exception {
    StreamException refusal = refusal(request(Codec.CODEC_PCM).setCodecValue(99));
    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refusal).hasMessage("codec: 99 (expected: 0..3, see Codec)");
  }

  @Test
  void codecChecksFrameSizeOfRequest() throws Exception {
    assertThat(refusal(request(Codec.CODEC_FLAC).setFrameSize(481)))
        .hasMessage("frame_size: wrong");
  }

  @Test
  void refusalOfEncoderAdvisesRequestOfOtherStream() throws Exception {
    StreamException refusal = refusal(request(Codec.CODEC_OPUS).setBitrate(EXPENSIVE_BITRATE));
    assertThat(refusal.reason()).isEqualTo(Reason.LIMIT_REACHED);
    assertThat(refusal)
        .hasMessageEndingWith(
            " (max-conversion-percent-per-caller); request the codec, bitrate, format and"
                + " frame_size of another stream, or close one");
  }

  @Test
  void operatorSeesCodecAndBitrate() throws Exception {
    for (StreamFramesRequest.Builder each :
        List.of(
            request(Codec.CODEC_OPUS).setBitrate(32_000),
            request(Codec.CODEC_FLAC),
            request(Codec.CODEC_PCM))) {
      CallListener call = calls.streamFrames(each.build(), ANYBODY, deliveryLoop, sink);
      assertThat(sink.next(StreamFramesResponse.parser()).hasStarted()).isTrue();
      Subscription listed =
          ProtoMessages.subscription(
              lavalier.hub().subscriptions().get(lavalier.hub().subscriptions().size() - 1));
      assertThat(listed.getCodec()).isEqualTo(each.getCodec());
      assertThat(listed.getBitrate()).isEqualTo(each.getBitrate());
      call.onCancel("done");
    }
    assertThat(lines.messages())
        .filteredOn(line -> line.startsWith("subscription began"))
        .satisfiesExactly(
            opus -> assertThat(opus).endsWith(" frame_size=480 codec=opus bitrate=32000"),
            flac -> assertThat(flac).endsWith(" frame_size=480 codec=flac"),
            pcm -> assertThat(pcm).endsWith(" frame_size=480"));
  }

  @Test
  void codecThatTheServerDoesNotHaveIsRejectedWithTheOthers() throws Exception {
    calls = new AudioCaptureCalls(lavalier.hub(), RefusalObserver.NONE, lavalier.serverInfo());
    StreamException refusal = refusal(request(Codec.CODEC_OPUS));
    assertThat(refusal.reason()).isEqualTo(Reason.FORMAT_NOT_AVAILABLE);
    assertThat(refusal).hasMessage("codec: CODEC_OPUS (expected: CODEC_PCM)");
  }

  @Test
  void serverInfoListsTheCodecs() throws Exception {
    calls.getServerInfo(GetServerInfoRequest.getDefaultInstance(), ANYBODY, sink);
    assertThat(sink.next(GetServerInfoResponse.parser()).getCodecsList())
        .containsExactly(Codec.CODEC_PCM, Codec.CODEC_OPUS, Codec.CODEC_FLAC);
  }

  @Test
  void frameAfterGapKeepsItsPacket() throws Exception {
    RequestListener<PullFramesRequest> call = calls.pullFrames(ANYBODY, deliveryLoop, sink);
    call.onMessage(
        PullFramesRequest.newBuilder()
            .setSubscribe(request(Codec.CODEC_FLAC))
            .setCredit(1)
            .build());
    assertThat(sink.next(StreamFramesResponse.parser()).hasStarted()).isTrue();
    lavalier.advance(Duration.ofMillis(10), 1);
    assertThat(sink.next(StreamFramesResponse.parser()).getFrame().hasGap()).isFalse();
    for (int k = 0; k < 40; k++) { // twice max_latency_ms
      lavalier.advance(Duration.ofMillis(10), 1);
    }
    call.onMessage(PullFramesRequest.newBuilder().setCredit(1).build());
    AudioFrame frame = sink.next(StreamFramesResponse.parser()).getFrame();
    assertThat(frame.getGap().getSampleCount()).isEqualTo(frame.getSampleIndex() - 480);
    assertThat(frame.getGap().getSampleCount()).isPositive();
    assertThat(frame.getPacket().size()).isEqualTo(2 * 3);
    call.onCancel("done");
  }
}
