package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.net.InetAddresses;
import io.netty.channel.local.LocalAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

final class PeerAddressTest {

  @Test
  void ipv4AddressIsFollowedByPort() {
    assertThat(PeerAddress.display(at("192.0.2.7"))).isEqualTo("192.0.2.7:4711");
  }

  @Test
  void ipv6AddressIsInBrackets() {
    assertThat(PeerAddress.display(at("2001:db8::7"))).isEqualTo("[2001:db8:0:0:0:0:0:7]:4711");
    assertThat(PeerAddress.display(InetAddresses.forString("::1"))).isEqualTo("[0:0:0:0:0:0:0:1]");
  }

  @Test
  void otherAddressIsPrintedAsText() {
    assertThat(PeerAddress.display(new LocalAddress("here"))).isEqualTo("local:here");
  }

  private static InetSocketAddress at(String host) {
    return new InetSocketAddress(InetAddresses.forString(host), 4711);
  }
}
