package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lavalier.client.sound.Player;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** In a program whose locale has other digits, addresses and messages have the same text. */
final class MessageLocaleTest {

  @RegisterExtension final FakeServer server = new FakeServer();

  private Locale before;

  @BeforeEach
  void setLocale() {
    before = Locale.getDefault();
    Locale.setDefault(new Locale.Builder().setLanguage("ar").setRegion("EG").build());
    assertThat("%d".formatted(1)).as("a digit in this locale").isNotEqualTo("1");
  }

  @AfterEach
  void restoreLocale() {
    Locale.setDefault(before);
  }

  @Test
  void addressWithInterfaceIsTheSame() {
    ServerAddress address = ServerAddress.parse("[fe80::1%eth0]:50051");
    assertThat(address.target()).isEqualTo("dns:///%5Bfe80::1%25eth0%5D:50051");
    assertThat(address.authority()).isEqualTo("[fe80::1]:50051");
  }

  @Test
  void noticesHaveAsciiNumbers() throws Exception {
    server.respondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(0, 80, 0)),
        Status.UNAVAILABLE.withDescription("gone"));
    server.thenRespondWith(
        List.of(FakeMessages.started(80), FakeMessages.frame(1_680, 80, 0)), Status.UNAVAILABLE);
    List<String> notices = new ArrayList<>();
    try (LavalierClient client = server.client();
        FrameStream stream =
            client.stream(StreamOptions.builder().reconnect(Duration.ofSeconds(1_234)).build())) {
      stream.onNotice(notice -> notices.add(notice.message()));
      stream.read();
      stream.read();
    }
    assertThat(notices).hasSize(2);
    assertThat(notices.get(0)).isEqualTo("connection lost, reconnecting for at most 1234 s: gone");
    assertThat(notices.get(1))
        .matches("reconnected after \\p{ASCII}+ s, 1600 samples \\(0\\.200 s\\) are missing");
  }

  @Test
  void errorsHaveAsciiNumbers() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PcmFormat(SampleEncoding.S16LE, -1, 2))
        .withMessageStartingWith("format: -1/2/s16le (expected: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Player.open(new PcmFormat(SampleEncoding.S16LE, 8_000, 1), 0))
        .withMessage("buffer-ms: 0 (expected: 1..500)");
    assertThat(ConnectionFailure.silence(20_000, false)).isEqualTo("it did not answer in 20 s");
    assertThat(new PcmFormat(SampleEncoding.S16LE, 48_000, 2)).hasToString("48000/2/s16le");
  }
}
