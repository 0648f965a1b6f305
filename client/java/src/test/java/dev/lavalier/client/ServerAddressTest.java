package dev.lavalier.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.NetworkInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerAddressTest {

  @ParameterizedTest
  @CsvSource({
    "studio:50051, dns:///studio:50051, studio:50051",
    "192.0.2.1:1, dns:///192.0.2.1:1, 192.0.2.1:1",
    "[::1]:65535, dns:///%5B::1%5D:65535, [::1]:65535",
    "[2001:db8::5]:1, dns:///%5B2001:db8::5%5D:1, [2001:db8::5]:1",
    "[0:0:0:0:0:0:0:1]:1, dns:///%5B0:0:0:0:0:0:0:1%5D:1, [0:0:0:0:0:0:0:1]:1",
    "[::ffff:192.0.2.1]:1, dns:///%5B::ffff:192.0.2.1%5D:1, [::ffff:192.0.2.1]:1",
    "[fe80::1%eth0]:1, dns:///%5Bfe80::1%25eth0%5D:1, [fe80::1]:1",
    "[fe80::1%2]:1, dns:///%5Bfe80::1%252%5D:1, [fe80::1]:1"
  })
  void addressIsEscapedAndZoneIsNotSent(String text, String target, String authority) {
    ServerAddress address = ServerAddress.parse(text);
    assertThat(address.target()).isEqualTo(target);
    assertThat(address.authority()).isEqualTo(authority);
    assertThat(
            ConnectOptions.builder(text)
                .build()
                .channelBuilder()
                .build()
                .shutdownNow()
                .isShutdown())
        .isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "host:",
        ":1",
        "host:0",
        "host:70000",
        "host:-1",
        "host:x",
        "host:1/x",
        "me@host:1",
        "two hosts:1",
        "::1:50051",
        "::1",
        "[::1]",
        "[::1]:",
        "[::1]:0",
        "[::1]:70000",
        "[::1%]:1",
        "[::x]:1",
        "[studio]:1",
        "[1.2.3.4]:1",
        "1.2.3.400:1",
        "[::1%a%b]:1",
        "[::1]50051",
        "host:1\nhost:2"
      })
  void otherTextIsRejectedInOneLine(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ConnectOptions.builder(text).build())
        .withMessage(
            "server: %s (expected: HOST:PORT, for example 127.0.0.1:50051 or [::1]:50051)"
                .formatted(text.lines().findFirst().orElse("")));
  }

  /** A URI cannot contain the name of such an interface. */
  @Test
  void zoneWithHyphenIsReplacedByNumber() throws Exception {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ServerAddress.parse("[fe80::1%no-such]:1").target())
        .withMessage(
            "server: [fe80::1%no-such]:1 (expected: a network interface of this machine after %)");
    NetworkInterface loopback = NetworkInterface.getByIndex(1);
    assertThat(loopback).as("the first network interface").isNotNull();
    assertThat(ServerAddress.parse("[fe80::1%" + loopback.getName() + "]:1").target())
        .isEqualTo("dns:///%5Bfe80::1%25" + loopback.getName() + "%5D:1");
  }
}
