package dev.lavalier.client.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.testing.SlowTest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The addresses on which a server process listens, and under which clients reach it. */
@SlowTest
@WaitingTest
final class AddressesIT {

  @BeforeEach
  void requireIpv6() {
    try {
      new ServerSocket(0, 1, InetAddress.getAllByName("::1")[0]).close();
    } catch (IOException e) {
      assumeTrue(false, "this machine has no address ::1: " + e.getMessage());
    }
  }

  private static void assertReached(String address) throws Exception {
    try (LavalierClient client = LavalierClient.connect(address)) {
      assertThat(client.listDevices()).as(address).isNotEmpty();
    }
  }

  /** The address that the server prints is one that a client accepts. */
  @ParameterizedTest
  @ValueSource(strings = {"::1", "0:0:0:0:0:0:0:1", "127.0.0.1", "localhost"})
  void printedAddressIsReached(String bound) throws Exception {
    try (ServerProcess server = ServerProcess.start(Map.of(), "--demo", "--bind", bound)) {
      assertReached(server.address());
    }
  }

  @Test
  void wildcardOfIpv6AlsoServesIpv4() throws Exception {
    try (ServerProcess server =
        ServerProcess.start(Map.of(), "--demo", "--bind", "::", "--insecure")) {
      String port = server.address().replaceFirst(".*:", "");
      for (String host : List.of("127.0.0.1", "[::1]", "localhost")) {
        assertReached(host + ":" + port);
      }
    }
  }
}
