package dev.lavalier.web;

import static dev.lavalier.web.WebFixture.SERVICE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.HttpSocket.Response;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests requests for calls that are not the handshake of a WebSocket of the contract. */
final class WebSocketUpgradeTest {

  @RegisterExtension final WebFixture web = new WebFixture();

  @ParameterizedTest
  @CsvSource({
    "'', '', '', 'Upgrade: unset (expected: websocket)'",
    "Upgrade:, Connection: Upgrade, Sec-WebSocket-Version: 13, 'Upgrade: empty (expected: websocket)'",
    "Upgrade: h2c, Connection: Upgrade, Sec-WebSocket-Version: 13, 'Upgrade: h2c (expected: websocket)'",
    "Upgrade: websocket, '', Sec-WebSocket-Version: 13, 'Connection: unset (expected: Upgrade)'",
    "Upgrade: websocket, Connection: keep-alive, Sec-WebSocket-Version: 13, 'Connection: keep-alive (expected: Upgrade)'",
    "Upgrade: websocket, Connection: Upgrade, '', 'Sec-WebSocket-Version: unset (expected: 13)'",
    "Upgrade: websocket, Connection: Upgrade, Sec-WebSocket-Version: 8, 'Sec-WebSocket-Version: 8 (expected: 13)'",
  })
  void otherUpgradeIsAnswered(String upgrade, String connection, String version, String line)
      throws Exception {
    String[] headers =
        Stream.of(upgrade, connection, version)
            .filter(each -> !each.isEmpty())
            .toArray(String[]::new);
    Response response = web.start().connect().request("GET", SERVICE + "PullFrames", headers);
    assertThat(response.status()).isEqualTo(426);
    assertThat(response.header("Upgrade")).contains("websocket");
    assertThat(response.header("Connection")).contains("upgrade");
    assertThat(response.header("Sec-WebSocket-Version")).contains("13");
    assertThat(response.body()).isEqualTo(line + "\n");
  }

  @Test
  void twoVersionsOfWebSocketAreAnswered() throws Exception {
    Response response =
        web.start()
            .connect()
            .request(
                "GET",
                SERVICE + "PullFrames",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Version: 99",
                "Sec-WebSocket-Version: 13");
    assertThat(response.status()).isEqualTo(426);
    assertThat(response.body()).isEqualTo("Sec-WebSocket-Version: 99, 13 (expected: 13)\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "lavalier.v2", "lavalier.bearer.bGF2"})
  void webSocketWithoutOurProtocolIsRejected(String protocols) throws Exception {
    Response response = web.start().connect().upgrade(SERVICE + "PullFrames", protocols);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo("Sec-WebSocket-Protocol: without lavalier.v1 (expected: lavalier.v1)\n");
  }

  @ParameterizedTest
  @CsvSource({
    "'', unset",
    "Sec-WebSocket-Key:, empty",
    "Sec-WebSocket-Key: c2hvcnQ=, c2hvcnQ=",
    "Sec-WebSocket-Key: not base64, not base64"
  })
  void wrongKeyIsRejected(String header, String value) throws Exception {
    String[] headers = {
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: lavalier.v1",
      header
    };
    Response response =
        web.start()
            .connect()
            .request(
                "GET",
                SERVICE + "PullFrames",
                header.isEmpty() ? Arrays.copyOf(headers, headers.length - 1) : headers);
    assertThat(response.status()).isEqualTo(400);
    assertThat(response.body())
        .isEqualTo("Sec-WebSocket-Key: " + value + " (expected: 16 bytes in base64, once)\n");
  }
}
