package dev.lavalier.netty;

/** The same under TLS. */
final class DirectStreamLossTlsTest extends DirectStreamLossTest {

  @Override
  boolean tls() {
    return true;
  }
}
