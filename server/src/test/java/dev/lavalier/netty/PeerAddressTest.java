package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.local.LocalAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;

final class PeerAddressTest {

  @Test
  void anIpv4AddressIsFollowedByItsPort() throws Exception {
    assertThat(PeerAddress.display(at("192.0.2.7"))).isEqualTo("192.0.2.7:4711");
  }

  @Test
  void anIpv6AddressStandsInBrackets() throws Exception {
    assertThat(PeerAddress.display(at("2001:db8::7"))).isEqualTo("[2001:db8:0:0:0:0:0:7]:4711");
    assertThat(PeerAddress.display(InetAddress.getByName("::1"))).isEqualTo("[0:0:0:0:0:0:0:1]");
  }

  @Test
  void anotherKindOfAddressIsItsOwnText() {
    assertThat(PeerAddress.display(new LocalAddress("here"))).isEqualTo("local:here");
  }

  private static InetSocketAddress at(String host) throws UnknownHostException {
    return new InetSocketAddress(InetAddress.getByName(host), 4711);
  }
}
