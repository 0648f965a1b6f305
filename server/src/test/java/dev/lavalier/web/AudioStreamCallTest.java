package dev.lavalier.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.lavalier.testing.HttpSocket;
import dev.lavalier.testing.HttpSocket.Response;
import dev.lavalier.testing.SlowTest;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesRequest;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests devices as WAV streams, and the rules of all streams. The tone is captured at 16 kHz. */
final class AudioStreamCallTest {

  private static final int HEADER_BYTES = 44;
  private static final int MAX_HEADER_BYTES = 80;
  private static final int RATE = 16_000;

  @RegisterExtension final WebFixture web = new WebFixture();

  private HttpSocket stream(String target, String... headers) throws IOException {
    HttpSocket stream = web.connect();
    Response response = stream.request("GET", target, headers);
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    assertThat(response.header("Content-Type")).contains("audio/wav");
    assertThat(response.header("Content-Length")).isEmpty();
    assertThat(response.header("Connection")).contains("close");
    return stream;
  }

  private static short[] samples(HttpSocket stream, int count) throws IOException {
    short[] samples = new short[count];
    ByteBuffer.wrap(stream.read(2 * count))
        .order(ByteOrder.LITTLE_ENDIAN)
        .asShortBuffer()
        .get(samples);
    return samples;
  }

  @Test
  void streamIsSixteenBitsByDefault() throws Exception {
    web.start();
    HttpSocket stream = stream("/devices/tone.wav");
    byte[] header = stream.read(HEADER_BYTES);
    AudioFileFormat read = AudioSystem.getAudioFileFormat(new ByteArrayInputStream(header));
    assertThat(read.getType()).isEqualTo(AudioFileFormat.Type.WAVE);
    AudioFormat format = read.getFormat();
    assertThat(format.getSampleRate()).isEqualTo(RATE);
    assertThat(format.getChannels()).isEqualTo(1);
    assertThat(format.getSampleSizeInBits()).isEqualTo(16);
    assertThat(format.isBigEndian()).isFalse();
    short[] period = samples(stream, 400);
    assertThat(period).contains((short) 8_231); // -12 dBFS
    assertContinues(period, samples(stream, 4_000));
    assertThat(web.server().hub().subscriptions().get(0).subscriber().via()).isEqualTo("web");
    stream.close();
    web.awaitSubscribers(0);
  }

  @ParameterizedTest
  @CsvSource({
    "rate=8000, 8000, 1, 16, PCM_SIGNED",
    "channels=2, 16000, 2, 16, PCM_SIGNED",
    "encoding=s24le&channels=2, 16000, 2, 24, PCM_SIGNED",
    "encoding=s32le, 16000, 1, 32, PCM_SIGNED",
    "encoding=f32le&rate=48000&channels=2, 48000, 2, 32, PCM_FLOAT",
  })
  void parametersSelectTheFormat(String query, float rate, int channels, int bits, String encoding)
      throws Exception {
    web.start();
    HttpSocket stream = stream("/devices/tone.wav?" + query);
    AudioFormat format =
        AudioSystem.getAudioFileFormat(new ByteArrayInputStream(stream.read(MAX_HEADER_BYTES)))
            .getFormat();
    assertThat(format.getSampleRate()).isEqualTo(rate);
    assertThat(format.getChannels()).isEqualTo(channels);
    assertThat(format.getSampleSizeInBits()).isEqualTo(bits);
    assertThat(format.getEncoding()).hasToString(encoding);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/devices/nowhere.wav | 404 | device_id: nowhere (expected: one of tone)",
        "/devices/a%2Fb%20c.wav | 404 | device_id: a/b c (expected: one of tone)",
        "/devices/..wav | 404 | device_id: . (expected: one of tone)",
        "/devices/tone.wav?rate=fast | 400 | rate: fast (expected: a number of Hz, once)",
        "/devices/tone.wav?rate= | 400 | rate: empty (expected: a number of Hz, once)",
        "/devices/tone.wav?rate=8000&rate=8000 | 400 | rate: 8000, 8000 (expected: a number of Hz, once)",
        "/devices/tone.wav?channels=-1 | 400 | channels: -1 (expected: a number of channels, once)",
        "/devices/tone.wav?encoding=mp3 | 400 | encoding: mp3 (expected: s16le, s24le, s32le or f32le, once)",
        "/devices/tone.wav?encoding=S16LE | 400 | encoding: S16LE (expected: s16le, s24le, s32le or f32le, once)",
        "/devices/tone.wav?token=x | 400 | token: x (expected: one of rate, channels, frame_size, encoding)",
        "/devices/tone.wav?bitrate=64000 | 400 | bitrate: 64000 (expected: one of rate, channels, frame_size, encoding)",
        "/devices/tone.opus?encoding=s16le | 400 | encoding: s16le (expected: one of rate, channels, frame_size, bitrate)",
        "/devices/tone.ogg?bitrate=64001 | 400 | bitrate: 64001 (expected: 0, 16000, 24000, 32000, 48000, 64000, 96000, 128000, 192000)",
        "/devices/tone.opus?frame_size=100 | 400 | frame_size: 100 (expected: 40, 80, 160, 320, 640, 960 samples with CODEC_OPUS at 16000 Hz)",
        "/devices/tone.opus?rate=44100 | 400 | format.sample_rate_hz: 44100 (expected: 8000, 12000, 16000, 24000, 48000 with CODEC_OPUS)",
        "/devices/tone.flac?encoding=s32le | 400 | format.encoding: s32le (expected: s16le, s24le with CODEC_FLAC)",
        "/devices/nowhere.flac | 404 | device_id: nowhere (expected: one of tone)",
        "/devices/%zz.wav | 400 | path: /devices/%zz.wav (expected: % only before two hexadecimal digits)",
        "/devices/tone.wav?channels=65 | 400 | format.channel_count: 65 (expected: 1..64)",
      })
  void wrongRequestIsRejected(String target, int status, String line) throws Exception {
    Response response = web.start().connect().request("GET", target);
    assertThat(response.body()).isEqualTo(line + "\n");
    assertThat(response.status()).isEqualTo(status);
    assertThat(response.header("X-Content-Type-Options")).contains("nosniff");
  }

  @ParameterizedTest
  @ValueSource(strings = {"HEAD", "POST"})
  void otherMethodOpensNoDevice(String method) throws Exception {
    assertThat(web.start().connect().request(method, "/devices/tone.wav").status()).isEqualTo(405);
    assertThat(web.server().hub().subscriptions()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"cross-site", "same-site", "something"})
  void pageOfAnotherSiteIsRefused(String site) throws Exception {
    Response response =
        web.start().connect().request("GET", "/devices/tone.wav", "Sec-Fetch-Site: " + site);
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body())
        .isEqualTo("Sec-Fetch-Site: " + site + " (expected: same-origin or none)\n");
    assertThat(web.server().hub().subscriptions()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"same-origin", "none"})
  void ownPageIsServed(String site) throws Exception {
    web.start();
    stream("/devices/tone.wav", "Sec-Fetch-Site: " + site).read(HEADER_BYTES + 640);
  }

  @Test
  void furtherRequestEndsTheStream() throws Exception {
    web.start();
    HttpSocket stream = stream("/devices/tone.wav");
    stream.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(stream.isClosedByServer()).isTrue();
    web.awaitSubscribers(0);
  }

  /** Returns a stream whose client takes little before the server has to wait. */
  private HttpSocket streamWithSmallWindow() throws IOException {
    HttpSocket stream = connectWithSmallWindow();
    assertThat(stream.request("GET", "/devices/tone.wav").status()).isEqualTo(200);
    stream.read(HEADER_BYTES);
    return stream;
  }

  private HttpSocket connectWithSmallWindow() throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4_096);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), web.port()));
    return web.add(new HttpSocket(socket));
  }

  /** Waits for the frames of a number of milliseconds, through another stream. */
  private static void awaitAudio(HttpSocket other, int millis) throws IOException {
    for (int frames = millis / 20; frames > 0; frames--) {
      other.message();
    }
  }

  private HttpSocket otherStream() throws IOException {
    HttpSocket other =
        web.open("PullFrames")
            .message(
                PullFramesRequest.newBuilder()
                    .setSubscribe(StreamFramesRequest.newBuilder().setFrameSize(RATE / 50))
                    .setCredit(100_000)
                    .build()
                    .toByteArray());
    other.message(); // started
    return other;
  }

  /** The tone has 440 Hz, so it repeats every 400 samples. Returns how many samples are silent. */
  private static int assertContinues(short[] period, short[] samples) {
    int silent = 0;
    for (int i = 0; i < samples.length; i++) {
      if (samples[i] == 0 && Math.abs(period[i % 400]) > 1) {
        silent++;
      } else {
        assertThat((int) samples[i])
            .as("sample %d", i)
            .isBetween(period[i % 400] - 1, period[i % 400] + 1);
      }
    }
    return silent;
  }

  @SlowTest
  @Test
  void gapIsSilenceOfTheSameLength() throws Exception {
    web.start();
    HttpSocket other = otherStream();
    HttpSocket stream = streamWithSmallWindow();
    short[] period = samples(stream, 400);
    awaitAudio(other, 4_000);
    int silent = assertContinues(period, samples(stream, 5 * RATE));
    assertThat(silent).isBetween(RATE, 4 * RATE);
  }

  @SlowTest
  @Test
  void slowReaderIsEndedBecauseItWouldHearOnlySilence() throws Exception {
    web.start();
    HttpSocket other = otherStream();
    HttpSocket stream = streamWithSmallWindow();
    awaitAudio(other, 2_000);
    for (int millis = 0; millis < 60_000; millis += 40) { // half of the speed of the capture
      awaitAudio(other, 40);
      try {
        stream.read(640);
      } catch (EOFException e) {
        web.awaitSubscribers(1);
        return;
      }
    }
    fail("the stream did not end");
  }

  /** Reads a page of Ogg: its header, its table, and its packets. */
  private static ByteBuffer page(HttpSocket stream) throws IOException {
    byte[] header = stream.read(27);
    assertThat(new String(header, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("OggS");
    byte[] table = stream.read(header[26]);
    int length = 0;
    for (byte each : table) {
      length += each & 0xff;
    }
    return ByteBuffer.allocate(27 + table.length + length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(header)
        .put(table)
        .put(stream.read(length))
        .flip();
  }

  /** Returns the samples of the packets of a page, at 48 kHz. Each packet has one frame. */
  private static long samples(ByteBuffer page, boolean silent) {
    int count = page.get(26);
    int at = 27 + count;
    long samples = 0;
    boolean begins = true; // a packet, which has several segments if it has 255 bytes or more
    for (int k = 0; k < count; k++) {
      int first = page.get(at) & 0xff;
      boolean isSilence = first < 0x80; // SILK, which the tone does not get
      if (begins && isSilence == silent) {
        samples += isSilence ? 480L << (first >> 3) : 120L << ((first >> 3) & 3);
      }
      int length = page.get(27 + k) & 0xff;
      begins = length < 255;
      at += length;
    }
    return samples;
  }

  @ParameterizedTest
  @CsvSource({"/devices/tone.opus, 16000, 1", "/devices/tone.ogg?rate=48000&channels=2, 48000, 2"})
  void opusComesInOnePagePerPacket(String target, int rate, int channels) throws Exception {
    web.start();
    HttpSocket stream = web.connect();
    Response response = stream.request("GET", target);
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    assertThat(response.header("Content-Type")).contains("audio/ogg");
    ByteBuffer head = page(stream);
    assertThat(head.getShort(28 + 10)).as("pre-skip").isEqualTo((short) 312);
    assertThat(head.get(28 + 9)).isEqualTo((byte) channels);
    assertThat(head.getInt(28 + 12)).isEqualTo(rate);
    String tags = StandardCharsets.UTF_8.decode(page(stream)).toString();
    assertThat(tags).contains("OpusTags", "DEVICE=tone", "DATE=20", "ENCODER=lavalier-server");
    for (int k = 1; k <= 20; k++) {
      ByteBuffer page = page(stream);
      assertThat(samples(page, false)).isEqualTo(960);
      assertThat(page.getLong(6)).isEqualTo(k * 960L);
    }
  }

  @Test
  void flacHasHeaderAndFrames() throws Exception {
    web.start();
    HttpSocket stream = web.connect();
    Response response = stream.request("GET", "/devices/tone.flac?frame_size=480");
    assertThat(response.header("Content-Type")).contains("audio/flac");
    byte[] info = stream.read(42);
    assertThat(new String(info, 0, 4, StandardCharsets.US_ASCII)).isEqualTo("fLaC");
    assertThat(ByteBuffer.wrap(info).getShort(8)).as("block size").isEqualTo((short) 480);
    byte[] block = stream.read(4);
    assertThat(block[0] & 0xff).as("the last block of metadata: comments").isEqualTo(0x84);
    String tags = new String(stream.read(ByteBuffer.wrap(block).getInt() & 0xffffff), UTF_8);
    assertThat(tags).contains("DEVICE=tone", "DATE=20");
    byte[] frame = stream.read(5);
    assertThat(ByteBuffer.wrap(frame).getShort()).as("sync code").isEqualTo((short) 0xfff8);
    assertThat(frame[4]).as("number").isZero();
  }

  @SlowTest
  @Test
  void gapOfOpusIsSilenceOfTheSameLength() throws Exception {
    web.start();
    HttpSocket other = otherStream();
    HttpSocket stream = connectWithSmallWindow();
    String target = "/devices/tone.opus?bitrate=192000&channels=2"; // it fills the buffers sooner
    assertThat(stream.request("GET", target).status()).isEqualTo(200);
    page(stream);
    page(stream);
    page(stream);
    awaitAudio(other, 6_000);
    long played = 960;
    long silent = 0;
    while (played < 8 * 48_000) {
      ByteBuffer page = page(stream);
      silent += samples(page, true);
      played += samples(page, true) + samples(page, false);
      assertThat(page.getLong(6)).isEqualTo(played);
    }
    assertThat(silent).isBetween(48_000L, 6 * 48_000L);
  }

  @Test
  void deviceIdIsDecoded() throws Exception {
    web.start();
    stream("/devices/t%6Fne.wav").read(HEADER_BYTES);
  }
}
