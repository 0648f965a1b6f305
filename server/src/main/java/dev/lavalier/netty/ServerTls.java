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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSessionContext;

/**
 * The TLS of a server, versions 1.2 and 1.3. It is replaced when its files change. Existing
 * connections keep the certificate that they started with. Certificate, key, client CAs and
 * resumable sessions are replaced together, so no session outlives the CA under which it was
 * created. Each protocol has a context of its own, because it has its name in ALPN. Safe for use
 * from any thread.
 */
public final class ServerTls implements ServerCertificate {

  /** The contexts of one version of the files, by application protocol. */
  private record LoadedContexts(TlsMaterial material, Map<String, SslContext> contexts) {

    LoadedContexts(TlsMaterial material) {
      this(material, new ConcurrentHashMap<>());
    }

    /** Returns the context for a protocol; the first connection after a change creates it. */
    SslContext context(String applicationProtocol) {
      return contexts.computeIfAbsent(
          applicationProtocol,
          protocol -> {
            try {
              return build(material, protocol);
            } catch (SSLException e) {
              throw new IllegalStateException(e); // load() has checked the material
            }
          });
    }

    @Override
    public String toString() {
      return material.toString();
    }
  }

  private final boolean requiresClientCertificates;
  private final Reloadable<LoadedContexts> loadedContexts;

  /**
   * Reads the files for the first time.
   *
   * @throws InvalidFileException if they cannot be used
   */
  public ServerTls(TlsFiles files) throws InvalidFileException {
    this.requiresClientCertificates = files.clientCa().isPresent();
    this.loadedContexts =
        new Reloadable<>(
            "certificate", files::read, contents -> load(files, files.parse(contents)));
  }

  private static LoadedContexts load(TlsFiles files, TlsMaterial material)
      throws InvalidFileException {
    try {
      var unused = build(material, ApplicationProtocolNames.HTTP_2);
      return new LoadedContexts(material);
    } catch (SSLException e) {
      throw new InvalidFileException(
          "tls-cert: %s (expected: a certificate that TLS can use; %s)"
              .formatted(files.certificate(), e.getMessage()),
          e);
    }
  }

  /** Builds a context that selects the protocol, or nothing, from the offer of a client. */
  private static SslContext build(TlsMaterial material, String applicationProtocol)
      throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forServer(material.key(), material.chain())
            .sslProvider(SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
            .applicationProtocolConfig(
                new ApplicationProtocolConfig(
                    Protocol.ALPN,
                    SelectorFailureBehavior.NO_ADVERTISE,
                    SelectedListenerFailureBehavior.ACCEPT,
                    applicationProtocol));
    if (!material.clientCas().isEmpty()) {
      builder.trustManager(material.clientCas()).clientAuth(ClientAuth.REQUIRE);
    }
    return builder.build();
  }

  @Override
  public boolean requiresClientCertificates() {
    return requiresClientCertificates;
  }

  @Override
  public Reloadable<?> files() {
    return loadedContexts;
  }

  @Override
  public TlsMaterial material() {
    return loadedContexts.get().material();
  }

  /**
   * Returns a context that creates each engine from the files as last loaded.
   *
   * @param applicationProtocol the name of the protocol in ALPN. A client that does not offer it
   *     gets a connection without a selected protocol
   */
  public SslContext context(String applicationProtocol) {
    return new ReloadingSslContext(applicationProtocol);
  }

  private final class ReloadingSslContext extends SslContext {

    private final String applicationProtocol;

    ReloadingSslContext(String applicationProtocol) {
      this.applicationProtocol = applicationProtocol;
    }

    private SslContext current() {
      return loadedContexts.get().context(applicationProtocol);
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
