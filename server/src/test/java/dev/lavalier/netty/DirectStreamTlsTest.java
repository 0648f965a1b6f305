package dev.lavalier.netty;

/** The same under TLS. */
final class DirectStreamTlsTest extends DirectStreamTest {

  @Override
  boolean tls() {
    return true;
  }
}
