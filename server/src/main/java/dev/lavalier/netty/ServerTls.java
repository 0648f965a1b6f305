package dev.lavalier.netty;

import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.Reloadable;
import dev.lavalier.access.ServerCertificate;
import dev.lavalier.access.TlsFiles;
import dev.lavalier.access.TlsMaterial;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;

/**
 * The TLS of a server, versions 1.2 and 1.3. It is replaced when its files change. Existing
 * connections keep the certificate that they started with. Certificate, key, client CAs and
 * resumable sessions are replaced together, so no session outlives the CA under which it was
 * created. Safe for use from any thread.
 */
public final class ServerTls implements ServerCertificate {

  /** Selects HTTP/2 or nothing from the offer of a client. gRPC closes a connection without it. */
  private static final ApplicationProtocolConfig HTTP2 =
      new ApplicationProtocolConfig(
          Protocol.ALPN,
          SelectorFailureBehavior.NO_ADVERTISE,
          SelectedListenerFailureBehavior.ACCEPT,
          ApplicationProtocolNames.HTTP_2);

  private record LoadedContext(TlsMaterial material, SslContext context) {
    @Override
    public String toString() {
      return material.toString();
    }
  }

  private final boolean requiresClientCertificates;
  private final Reloadable<LoadedContext> loadedContext;

  /**
   * Reads the files for the first time.
   *
   * @throws InvalidFileException if they cannot be used
   */
  public ServerTls(TlsFiles files) throws InvalidFileException {
    this.requiresClientCertificates = files.clientCa().isPresent();
    this.loadedContext =
        new Reloadable<>(
            "certificate", files::read, contents -> load(files, files.parse(contents)));
  }

  private static LoadedContext load(TlsFiles files, TlsMaterial material)
      throws InvalidFileException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(material.key(), material.chain())
            .sslProvider(SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
            .applicationProtocolConfig(HTTP2);
    if (!material.clientCas().isEmpty()) {
      builder.trustManager(material.clientCas()).clientAuth(ClientAuth.REQUIRE);
    }
    try {
      return new LoadedContext(material, builder.build());
    } catch (SSLException e) {
      throw new InvalidFileException(
          "tls-cert: %s (expected: a certificate that TLS can use; %s)"
              .formatted(files.certificate(), e.getMessage()),
          e);
    }
  }

  @Override
  public boolean requiresClientCertificates() {
    return requiresClientCertificates;
  }

  @Override
  public Reloadable<?> files() {
    return loadedContext;
  }

  @Override
  public TlsMaterial material() {
    return loadedContext.get().material();
  }

  /** Returns a context that creates each engine from the files as last loaded. */
  public SslContext context() {
    return new ReloadingSslContext();
  }

  private final class ReloadingSslContext extends SslContext {

    private SslContext current() {
      return loadedContext.get().context();
    }

    @Override
    public boolean isClient() {
      return false;
    }

    @Override
    public List<String> cipherSuites() {
      return current().cipherSuites();
    }

    @Override
    @SuppressWarnings("deprecation") // netty requires this method
    public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
      return current().applicationProtocolNegotiator();
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator) {
      return current().newEngine(allocator);
    }

    @Override
    public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
      return current().newEngine(allocator, peerHost, peerPort);
    }

    @Override
    public SSLSessionContext sessionContext() {
      return current().sessionContext();
    }
  }
}
