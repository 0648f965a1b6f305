package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.testing.HttpSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Tests the options for the web port. */
final class WebOptionsTest {

  private static ServerOptions.Values values(String... flags) {
    return CommandLine.populateCommand(new ServerOptions(), flags).values();
  }

  @Test
  void thereIsNoWebPortUnlessItIsSet() {
    assertThat(values().web()).isEmpty();
    assertThat(values("--web-bind", "127.0.0.1").web()).isEmpty();
    assertThat(values("--unix-socket", "/run/s", "--no-tcp", "--demo").web()).isEmpty();
  }

  @Test
  void demoHasAWebPortOnLoopback() {
    WebOptions.Values web = values("--demo").web().orElseThrow();
    assertThat(web.address().getPort()).isEqualTo(8_080);
    assertThat(web.address().getAddress().isLoopbackAddress()).isTrue();
    assertThat(web.otherwiseAnyPort()).isTrue();
  }

  @Test
  void chosenPortIsNotReplaced() {
    WebOptions.Values web = values("--demo", "--web-port", "8443").web().orElseThrow();
    assertThat(web.address().getPort()).isEqualTo(8_443);
    assertThat(web.otherwiseAnyPort()).isFalse();
  }

  @Test
  void addressIsThatOfTheOtherPort() {
    Optional<WebOptions.Values> web = values("--web-port", "1", "--bind", "127.0.0.2").web();
    assertThat(web.orElseThrow().address().getHostString()).isEqualTo("127.0.0.2");
    web = values("--web-port", "1", "--bind", "127.0.0.2", "--web-bind", "127.0.0.3").web();
    assertThat(web.orElseThrow().address().getHostString()).isEqualTo("127.0.0.3");
  }

  @ParameterizedTest
  @CsvSource({
    "https://studio.example, https://studio.example",
    "HTTPS://Studio.Example:443, https://studio.example",
    "http://studio.example:80, http://studio.example",
    "http://studio.example:443, http://studio.example:443",
    "http://[2001:db8::1]:8080, http://[2001:db8::1]:8080",
  })
  void originIsNormalized(String origin, String normalized) {
    assertThat(values("--web-port", "0", "--web-origin", origin).web().orElseThrow().origins())
        .containsExactly(normalized);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "*",
        "studio.example",
        "https://",
        "https://studio.example/",
        "https://*.example",
        "wss://studio.example",
        "https://a@studio.example"
      })
  void otherOriginIsRejected(String origin) {
    assertThatThrownBy(() -> values("--web-port", "0", "--web-origin", origin))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "web-origin: %s (expected: https://HOST or http://HOST, with a port if it is not the default)",
            origin.isEmpty() ? "empty" : origin);
  }

  private static ServerSocket taken(int port) throws IOException {
    return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
  }

  @Test
  void demoUsesAFreePortIfItsOwnIsTaken() throws Exception {
    try (LavalierServer first = server("--demo");
        LavalierServer second = server("--demo")) {
      first.start();
      second.start();
      int port = second.webPort().orElseThrow();
      assertThat(port).isNotEqualTo(8_080).isNotEqualTo(first.webPort().orElseThrow());
      try (HttpSocket browser = new HttpSocket(port)) {
        assertThat(browser.request("GET", "/").status()).isEqualTo(200);
      }
    }
  }

  @Test
  void chosenPortThatIsTakenIsReported() throws Exception {
    try (ServerSocket taken = taken(0);
        LavalierServer server = server("--web-port", Integer.toString(taken.getLocalPort()))) {
      assertThatThrownBy(server::start)
          .isInstanceOf(ListenException.class)
          .hasMessage(
              "web-port: %d (expected: a port that the server can listen on at 127.0.0.1; Address already in use)",
              taken.getLocalPort());
    }
  }

  private static LavalierServer server(String flag, String... more) {
    String[] flags = new String[more.length + 5];
    System.arraycopy(new String[] {"--port", "0", "--allow-device", "tone", flag}, 0, flags, 0, 5);
    System.arraycopy(more, 0, flags, 5, more.length);
    return new LavalierServer(values(flags));
  }
}
