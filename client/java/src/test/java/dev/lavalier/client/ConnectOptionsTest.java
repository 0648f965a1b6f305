package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConnectOptionsTest {

  private static final String SECRET = "lav1.secret-secret";

  @Test
  void certificatesImplyEncryption() {
    ConnectOptions plain = ConnectOptions.to("studio:50051");
    assertThat(plain.tls()).isFalse();
    assertThat(plain.withTls().tls()).isTrue();
    assertThat(plain.withCa(Path.of("ca.pem")).tls()).isTrue();
    assertThat(plain.withCertificate(Path.of("me.pem"), Path.of("me.key")).tls()).isTrue();
  }

  @Test
  void tokenIsNotInToString() {
    ConnectOptions options = ConnectOptions.to("studio:50051").withToken(SECRET);
    assertThat(options.toString()).contains("studio:50051").doesNotContain(SECRET);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.withToken(SECRET + "\n" + SECRET))
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
    ConnectOptions options = ConnectOptions.to(server).withToken(SECRET);
    assertThatIllegalArgumentException()
        .isThrownBy(options::channelBuilder)
        .withMessage(
            "token: not sent to %s without encryption (expected: TLS, or a loopback address)"
                .formatted(server));
    assertThat(options.withTls().channelBuilder()).isNotNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"127.0.0.1:1", "127.1.2.3:1", "localhost:1", "[::1]:1", "[0:0:0:0:0:0:0:1]:1"})
  void tokenIsSentUnencryptedOnLoopback(String server) {
    assertThat(ConnectOptions.to(server).withToken(SECRET).channelBuilder()).isNotNull();
  }

  @Test
  void tokenAndTokenSourceExcludeEachOther() {
    ConnectOptions options = ConnectOptions.to("studio:1").withToken(SECRET);
    ConnectOptions renewed = options.withTokenSource(() -> SECRET);
    assertThat(renewed.token()).isEmpty();
    assertThat(renewed.toString()).doesNotContain(SECRET).contains("token=(not shown)");
    assertThat(renewed.withTls().tokenSource()).isPresent();
    assertThat(renewed.withToken(SECRET).tokenSource()).isEmpty();
    assertThatIllegalArgumentException()
        .isThrownBy(renewed::channelBuilder)
        .withMessageStartingWith("token: not sent to studio:1 without encryption");
  }

  @Test
  void nullIsRejectedAtOnce() {
    ConnectOptions options = ConnectOptions.to("studio:1");
    for (ThrowingCallable call :
        List.<ThrowingCallable>of(
            () -> ConnectOptions.to(null),
            () -> options.withCa(null),
            () -> options.withCertificate(Path.of("me.pem"), null),
            () -> options.withCertificate(null, Path.of("me.key")),
            () -> options.withToken(null),
            () -> options.withTokenSource(null))) {
      assertThatNullPointerException()
          .isThrownBy(call)
          .satisfies(e -> assertThat(e.getMessage()).matches("[a-zA-Z]+"));
    }
  }
}
