package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.lavalier.client.Codec;
import dev.lavalier.client.FakeServer;
import dev.lavalier.client.Notice;
import dev.lavalier.client.PcmFormat;
import dev.lavalier.client.StreamStart;
import io.grpc.Status;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class MeterTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private final CliRunner cli = new CliRunner(server);
  private final AtomicLong clock = new AtomicLong();

  @BeforeAll
  static void useLocaleOfProgram() {
    Locale.setDefault(Locale.ROOT); // as LavalierCli.run does
  }

  private Meter meter(String format, boolean json) {
    PcmFormat parsed = PcmFormat.parse(format);
    Meter meter =
        new Meter(
            cli.terminal(),
            new StreamStart(
                "mic",
                1,
                parsed,
                80,
                parsed,
                Duration.ofMillis(200),
                Optional.empty(),
                Duration.ZERO,
                Codec.PCM,
                ByteBuffer.allocate(0)),
            json,
            clock::get);
    meter.start();
    return meter;
  }

  /** Returns the lines after the heading. A line that is redrawn begins with a carriage return. */
  private List<String> drawn() {
    String[] lines = cli.out().split("\n", -1);
    return List.of(lines).subList(1, lines.length);
  }

  private void pass(double seconds) {
    clock.addAndGet(Math.round(seconds * TimeUnit.SECONDS.toNanos(1)));
  }

  /** Returns a second of 8 kHz of the least sample whose level is shown, on each channel. */
  private static ByteBuffer second(int channels) {
    ByteBuffer pcm = ByteBuffer.allocate(8_000 * 2 * channels).order(ByteOrder.LITTLE_ENDIAN);
    while (pcm.hasRemaining()) {
      pcm.putShort((short) 0x0101);
    }
    return pcm.flip();
  }

  @Test
  void gapsCountAndLossIsShown() {
    server.respondWith(RecordCommandTest.WITH_A_GAP, Status.UNAVAILABLE.withDescription("gone"));
    assertThat(cli.run("meter", "--reconnect-s", "0", "--seconds", "0.05")).isZero();
    assertThat(cli.out().lines())
        .containsExactly(
            "fake, 8000/1/s16le",
            "  1 rms  -39.1 dBFS  peak  -42.1 dBFS",
            "lost 240 samples (0.030 s)");
  }

  @Test
  void numbersDoNotFollowLocale() {
    Locale before = Locale.getDefault();
    Locale.setDefault(new Locale.Builder().setLanguage("ar").setRegion("EG").build());
    try {
      assertThat("%d".formatted(1)).isNotEqualTo("1"); // the locale has digits of its own
      server.respondWith(RecordCommandTest.WITH_A_GAP, Status.UNAVAILABLE);
      assertThat(cli.run("meter", "--seconds", "0.05")).isZero();
      assertThat(cli.out()).contains("  1 rms  -39.1 dBFS").contains("lost 240 samples (0.030 s)");
      cli.run("record", "--seconds", "0.05", "-");
      assertThat(cli.err()).contains("gap: 240 samples (0.030 s) at 0:00:00.0");
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void noticesArePrintedOnStandardError() {
    server.respondWith(RecordCommandTest.WITH_A_GAP, Status.UNAVAILABLE.withDescription("gone"));
    server.thenRespondWith(List.of(), Status.NOT_FOUND.withDescription("no such device"));
    assertThat(cli.run("meter")).isEqualTo(1);
    assertThat(cli.err().lines())
        .containsExactly(
            "notice: connection lost, reconnecting for at most 300 s: gone", "no such device");
  }

  @Test
  void silenceOfServerIsShown() {
    Meter meter = meter("8000/1/s16le", false);
    meter.onAudio(second(1));
    pass(1.9);
    meter.tick();
    assertThat(cli.out()).doesNotContain("no audio");
    pass(0.2);
    meter.tick();
    pass(0.5);
    meter.tick(); // less than a second later
    pass(0.5);
    meter.tick();
    assertThat(cli.out().lines().skip(2)).containsExactly("no audio for 2 s", "no audio for 3 s");
    meter.onAudio(second(1));
    meter.tick();
    assertThat(cli.out().lines().skip(4)).containsExactly("  1 rms  -39.1 dBFS  peak  -42.1 dBFS");
  }

  @Test
  void terminalIsRedrawnInPlaceWithLossAndAge() {
    cli.onTerminal();
    Meter meter = meter("8000/2/s16le", false);
    meter.onAudio(second(2));
    assertThat(drawn())
        .containsExactly(
            "\r  1 |##########                    | rms  -39.1 dBFS  peak  -42.1 dBFS\033[K",
            "\r  2 |##########                    | rms  -39.1 dBFS  peak  -42.1 dBFS\033[K",
            "\rlost 0 samples (0.000 s), last frame 0.0 s ago\033[K",
            "\033[J");
    cli.reset();
    meter.onGap(80);
    pass(2.5);
    meter.tick();
    assertThat(cli.out())
        .startsWith("\033[3A\r  1 |")
        .contains("no audio for 2 s, lost 80 samples");
    cli.reset();
    meter.onNotice(new Notice(Notice.Kind.MUTED, "it is muted\033[31m", OptionalDouble.empty()));
    assertThat(cli.err()).isEqualTo("notice: it is muted\\u001b[31m\n");
    assertThat(cli.out()).startsWith("\033[3A\r\033[J\r  1 |");
  }

  @Test
  void blockFitsIntoTerminal() {
    for (int columns : new int[] {20, 40, 66, 80, 200}) {
      cli.onTerminal().withSize(columns, 10).reset();
      Meter meter = meter("8000/40/s16le", false);
      meter.onAudio(second(40));
      List<String> lines = drawn();
      assertThat(lines).hasSize(10); // the last one has the cursor
      assertThat(lines.get(7)).startsWith("\r... and 33 more");
      assertThat(lines)
          .allSatisfy(
              line -> assertThat(line.replaceAll("\033\\[.|\r", "")).hasSizeLessThan(columns));
    }
  }

  @Test
  void samplesThatAreNoNumbersAreReadable() {
    Meter meter = meter("8000/2/f32le", false);
    ByteBuffer pcm = ByteBuffer.allocate(8_000 * 8).order(ByteOrder.LITTLE_ENDIAN);
    pcm.putFloat(0, Float.NaN).putFloat(4, Float.POSITIVE_INFINITY);
    meter.onAudio(pcm);
    assertThat(cli.out().lines().skip(1))
        .containsExactly(
            "  1 rms    NaN dBFS  peak    NaN dBFS", "  2 rms    inf dBFS  peak    inf dBFS");
    cli.onTerminal().withSize(200, 24).reset();
    meter = meter("8000/2/f32le", false);
    meter.onAudio(pcm.rewind());
    assertThat(drawn())
        .anySatisfy(line -> assertThat(line).contains("|" + " ".repeat(30) + "| rms    NaN"))
        .anySatisfy(line -> assertThat(line).contains("|" + "#".repeat(30) + "| rms    inf"));
  }

  @Test
  void jsonIsOneObjectPerLine() {
    Meter meter = meter("8000/2/f32le", true);
    ByteBuffer pcm = ByteBuffer.allocate(8_000 * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < pcm.capacity(); at += 8) {
      pcm.putFloat(at, 0.5f);
    }
    meter.onAudio(pcm);
    meter.onGap(800);
    pass(2.5);
    meter.tick();
    List<JsonObject> objects =
        cli.out().lines().map(line -> JsonParser.parseString(line).getAsJsonObject()).toList();
    assertThat(objects).hasSize(2);
    JsonObject levels = objects.get(0);
    assertThat(levels.get("device_id").getAsString()).isEqualTo("mic");
    assertThat(levels.get("position_s").getAsDouble()).isEqualTo(1);
    assertThat(levels.get("lost_samples").getAsLong()).isZero();
    assertThat(levels.get("channels"))
        .hasToString(
            "[{\"rms_dbfs\":-3.01,\"peak_dbfs\":-6.02},{\"rms_dbfs\":null,\"peak_dbfs\":null}]");
    JsonObject nothing = objects.get(1);
    assertThat(nothing.getAsJsonArray("channels")).isEmpty();
    assertThat(nothing.get("lost_samples").getAsLong()).isEqualTo(800);
    assertThat(nothing.get("last_frame_age_s").getAsDouble()).isEqualTo(2.5);
  }

  @Test
  void sizeOfTerminalIsParsed() {
    assertThat(TerminalSize.parse("30 66\n")).isEqualTo(new TerminalSize(66, 30));
    assertThat(TerminalSize.parse("0 0\n")).isEqualTo(new TerminalSize(80, 24));
    assertThat(TerminalSize.parse("stty: standard input")).isEqualTo(new TerminalSize(80, 24));
  }
}
