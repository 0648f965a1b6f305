package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConnectOptionsTest {

  private static final String SECRET = "lav1.secret-secret";

  @Test
  void certificatesImplyEncryption() {
    ConnectOptions plain = ConnectOptions.builder("studio:50051").build();
    assertThat(plain.tls()).isFalse();
    assertThat(plain.toBuilder().tls(true).build().tls()).isTrue();
    assertThat(plain.toBuilder().ca(Path.of("ca.pem")).build().tls()).isTrue();
    assertThat(
            plain.toBuilder().certificate(Path.of("me.pem")).key(Path.of("me.key")).build().tls())
        .isTrue();
  }

  @Test
  void tokenIsNotInToString() {
    ConnectOptions options = ConnectOptions.builder("studio:50051").token(SECRET).build();
    assertThat(options.toString()).contains("studio:50051").doesNotContain(SECRET);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.toBuilder().token(SECRET + "\n" + SECRET).build())
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "studio:1",
        "192.0.2.1:1",
        "[2001:db8::1]:1",
        "0.0.0.0:1",
        "127.0.0.1.example:1",
        "[fe80::1%lo]:1"
      })
  void tokenIsNotSentUnencryptedToOtherMachine(String server) {
    ConnectOptions options = ConnectOptions.builder(server).token(SECRET).build();
    assertThatIllegalArgumentException()
        .isThrownBy(options::channelBuilder)
        .withMessage(
            "token: not sent to %s without encryption (expected: TLS, or a loopback address)"
                .formatted(server));
    assertThat(options.toBuilder().tls(true).build().channelBuilder()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1:1", "127.1.2.3:1", "localhost:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1"})
  void tokenIsSentUnencryptedOnLoopback(String server) {
    assertThat(ConnectOptions.builder(server).token(SECRET).build().channelBuilder()).isNotNull();
  }

  @Test
  void tokenAndTokenSourceExcludeEachOther() {
    ConnectOptions options = ConnectOptions.builder("studio:1").token(SECRET).build();
    ConnectOptions renewed = options.toBuilder().tokenSource(() -> SECRET).build();
    assertThat(renewed.token()).isEmpty();
    assertThat(renewed.toString()).doesNotContain(SECRET).contains("token=(not shown)");
    assertThat(renewed.toBuilder().tls(true).build().tokenSource()).isPresent();
    assertThat(renewed.toBuilder().token(SECRET).build().tokenSource()).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(renewed::channelBuilder)
        .withMessageStartingWith("token: not sent to studio:1 without encryption");
  }

  @Test
  void certificateNeedsItsKey() {
    ConnectOptions.Builder options = ConnectOptions.builder("studio:1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.certificate(Path.of("me.pem")).build())
        .withMessage("key: none (expected: the private key of me.pem)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder("studio:1").key(Path.of("me.key")).build())
        .withMessage("cert: none (expected: the certificate of me.key)");
    assertThat(options.key(Path.of("me.key")).build().key()).contains(Path.of("me.key"));
  }

  @Test
  void copyDiffersOnlyInTheChangedValue() {
    ConnectOptions options =
        ConnectOptions.builder("studio:1")
            .serverName("studio.example")
            .connectTimeout(Duration.ofSeconds(1))
            .ca(Path.of("ca.pem"))
            .certificate(Path.of("me.pem"))
            .key(Path.of("me.key"))
            .token(SECRET)
            .build();
    assertThat(options.toBuilder().build()).isEqualTo(options).hasSameHashCodeAs(options);
    ConnectOptions other = options.toBuilder().server("hall:1").build();
    assertThat(other).isNotEqualTo(options);
    assertThat(other.toBuilder().server("studio:1").build()).isEqualTo(options);
    ConnectOptions renewed = options.toBuilder().tokenSource(() -> SECRET).build();
    assertThat(renewed.toBuilder().build()).isEqualTo(renewed);
  }

  @Test
  void connectTimeoutIsLimited() {
    for (Duration value : List.of(Duration.ofNanos(999_999), Duration.ofSeconds(3_601))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> ConnectOptions.builder("studio:1").connectTimeout(value).build())
          .withMessage("connectTimeout: %s (expected: 1 ms to 1 h)".formatted(value));
    }
  }

  @Test
  void nullIsRejectedAtOnceAndNamed() {
    ConnectOptions.Builder options = ConnectOptions.builder("studio:1");
    Map<String, ThrowingCallable> calls = new LinkedHashMap<>();
    calls.put("server", () -> options.server(null));
    calls.put("serverName", () -> options.serverName(null));
    calls.put("connectTimeout", () -> options.connectTimeout(null));
    calls.put("ca", () -> options.ca(null));
    calls.put("certificate", () -> options.certificate(null));
    calls.put("key", () -> options.key(null));
    calls.put("token", () -> options.token(null));
    calls.put("tokenSource", () -> options.tokenSource(null));
    calls.forEach(
        (name, call) -> assertThatNullPointerException().isThrownBy(call).withMessage(name));
    assertThatNullPointerException()
        .isThrownBy(() -> ConnectOptions.builder(null))
        .withMessage("server");
  }
}
