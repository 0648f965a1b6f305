package dev.lavalier.codec.opus;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.Period;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.container.OggOpus;
import dev.lavalier.pipeline.FrameEncoder;
import dev.lavalier.pipeline.PacketCodec;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Opus at one bit rate. Each packet contains one frame of the stream. Immutable.
 *
 * @param bitrate the mean bit rate in bits per second, 6,000 to 510,000
 */
public record OpusCodec(int bitrate) implements PacketCodec {

  private static final List<Integer> RATES_HZ = List.of(8_000, 12_000, 16_000, 24_000, 48_000);
  private static final int MAX_CHANNELS = 2;

  /** The durations of a packet, in units of 2.5 ms. */
  private static final List<Integer> DURATIONS = List.of(1, 2, 4, 8, 16, 24);

  private static final int UNITS_PER_SECOND = 400;

  private static final int DELAY_MICROS = 6_500;
  private static final int DECODER_RATE_HZ = 48_000; // in which the header counts the delay

  // Processor time in nanoseconds, measured.
  private static final long MONO_NANOS = 8_000_000; // for each second
  private static final long STEREO_NANOS = 14_000_000;
  private static final long PACKET_NANOS = 25_000; // for each packet
  private static final int SPEECH_FACTOR = 3;

  // Concentus codes one channel as speech below a bit rate, from which it subtracts the overhead of
  // more than 50 packets per second. Packets of less than 10 ms are never coded as speech.
  private static final int SPEECH_BITRATE = 22_750;
  private static final int PACKET_OVERHEAD_BITS = 60;
  private static final int MAX_SPEECH_PACKETS = 100; // per second

  private static final int ENCODER_BYTES = 128 << 10;
  private static final int WARM_UP_PACKETS = 100;

  @Override
  public SampleEncoding encodingFor(SampleEncoding captured) {
    return SampleEncoding.S16LE;
  }

  @Override
  public void check(PcmFormat format, int frameSize) throws StreamException {
    if (format.encoding() != SampleEncoding.S16LE) {
      throw notAvailable("encoding", format.encoding(), "s16le");
    }
    int rate = format.sampleRateHz();
    if (!RATES_HZ.contains(rate)) {
      throw notAvailable("sample_rate_hz", rate, list(RATES_HZ));
    }
    if (format.channelCount() > MAX_CHANNELS) {
      throw notAvailable("channel_count", format.channelCount(), "1, 2");
    }
    List<Integer> sizes = DURATIONS.stream().map(units -> units * rate / UNITS_PER_SECOND).toList();
    if (!sizes.contains(frameSize)) {
      throw new StreamException(
          Reason.INVALID_REQUEST,
          "frame_size: %d (expected: %s samples with CODEC_OPUS at %d Hz)"
              .formatted(frameSize, list(sizes), rate));
    }
  }

  private static String list(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(", "));
  }

  private static StreamException notAvailable(String field, Object value, String expected) {
    return new StreamException(
        Reason.FORMAT_NOT_AVAILABLE,
        "format.%s: %s (expected: %s with CODEC_OPUS)".formatted(field, value, expected));
  }

  @Override
  public FrameEncoder newEncoder(PcmFormat format, int frameSize) {
    return new OpusFrameEncoder(format, frameSize, bitrate);
  }

  @Override
  public int packetBytes(PcmFormat format, int frameSize) {
    return bitrate / 8 * frameSize / format.sampleRateHz();
  }

  @Override
  public long workNanosPerSecond(PcmFormat format, int frameSize) {
    long audio = format.channelCount() == 1 ? MONO_NANOS : STEREO_NANOS;
    int packets = format.sampleRateHz() / frameSize; // per second
    boolean speech =
        format.channelCount() == 1
            && packets <= MAX_SPEECH_PACKETS
            && bitrate - PACKET_OVERHEAD_BITS * Math.max(0, packets - 50) < SPEECH_BITRATE;
    return (audio + packets * PACKET_NANOS) * (speech ? SPEECH_FACTOR : 1);
  }

  @Override
  public int encoderBytes(PcmFormat format, int frameSize) {
    return ENCODER_BYTES;
  }

  /** Returns the identification header of RFC 7845, as at the beginning of a file. */
  @Override
  public byte[] config(PcmFormat format, int frameSize) {
    int preSkip = DELAY_MICROS * (DECODER_RATE_HZ / 1_000) / 1_000;
    return OggOpus.head(format.channelCount(), preSkip, format.sampleRateHz());
  }

  @Override
  public int delayMicros() {
    return DELAY_MICROS;
  }

  /**
   * Encodes some noise, so that the JVM compiles the encoder before the first stream needs it.
   * Takes some tenths of a second of the current thread.
   */
  public static void warmUp() {
    PcmFormat format = new PcmFormat(SampleEncoding.S16LE, 48_000, 1);
    FrameEncoder encoder = new OpusCodec(64_000).newEncoder(format, 960);
    byte[] pcm = new byte[960 * format.bytesPerSampleFrame()];
    Random random = new Random(1);
    for (int k = 0; k < WARM_UP_PACKETS; k++) {
      random.nextBytes(pcm);
      encoder.encode(new Period(pcm, 960, 960L * k, 0, 0, 0));
    }
  }
}
