package dev.lavalier.client.probe;

import dev.lavalier.client.ConnectOptions;
import dev.lavalier.v1.AudioCaptureGrpc;
import dev.lavalier.v1.AudioFormat;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.ListDevicesRequest;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContext;
import java.net.InetSocketAddress;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Connects to a server once, to see how. Each method uses a connection of its own and waits at most
 * 10 s. Safe for use from any thread.
 */
public final class ServerProbe {

  private static final long TIMEOUT_SECONDS = 10;

  /** The vendor of the server's virtual devices. */
  private static final String VIRTUAL_VENDOR = "Lavalier";

  private ServerProbe() {}

  /**
   * Lists the devices over a new connection. Returns what the connection tells; if the server
   * rejects the call or does not answer, what is known of it.
   *
   * @throws IllegalArgumentException if the options are invalid
   */
  public static ConnectionFacts connect(ConnectOptions options) {
    AttributeReader reader = new AttributeReader();
    List<Device> devices = devices(options.channelBuilder().intercept(reader));
    Attributes attributes = reader.attributes;
    SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    return new ConnectionFacts(
        !(attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR) instanceof InetSocketAddress peer)
            || peer.getAddress().isLoopbackAddress(),
        Optional.ofNullable(session).map(SSLSession::getProtocol),
        session == null ? List.of() : peerCertificates(session),
        session == null ? List.of() : x509(session.getLocalCertificates()),
        sampleRates(devices),
        virtualDevices(devices));
  }

  /**
   * Starts a TLS handshake to see the server's certificates, and rejects them, so that nothing is
   * sent over the connection. Returns the certificates, the server's own first; empty if the server
   * presents none, as one without TLS. Uses only the address and the name of the options, and no
   * credential.
   */
  public static List<X509Certificate> presentedCertificates(ConnectOptions options) {
    RejectingTrustManager trust = new RejectingTrustManager();
    NettyChannelBuilder builder;
    try {
      SslContext tls = GrpcSslContexts.forClient().trustManager(trust).build();
      ConnectOptions.Builder anonymous = ConnectOptions.builder(options.server()).tls(true);
      options.serverName().ifPresent(anonymous::serverName);
      builder = anonymous.build().channelBuilder().sslContext(tls);
    } catch (SSLException | IllegalArgumentException e) {
      return List.of(); // no TLS in this Java, or at an address of this kind
    }
    devices(builder);
    return trust.presented;
  }

  /** Returns the server's devices; empty if the call fails. */
  private static List<Device> devices(NettyChannelBuilder builder) {
    ManagedChannel channel = builder.disableRetry().build();
    try {
      return AudioCaptureGrpc.newBlockingStub(channel)
          .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)
          .listDevices(ListDevicesRequest.getDefaultInstance())
          .getDevicesList();
    } catch (StatusRuntimeException e) {
      return List.of();
    } finally {
      channel.shutdownNow();
    }
  }

  private static List<X509Certificate> peerCertificates(SSLSession session) {
    try {
      return x509(session.getPeerCertificates());
    } catch (SSLPeerUnverifiedException e) {
      return List.of();
    }
  }

  private static List<X509Certificate> x509(Certificate @Nullable [] certificates) {
    List<X509Certificate> list = new ArrayList<>();
    if (certificates != null) {
      for (Certificate certificate : certificates) {
        if (certificate instanceof X509Certificate x509) {
          list.add(x509);
        }
      }
    }
    return list;
  }

  private static Map<String, Set<Integer>> sampleRates(List<Device> devices) {
    Map<String, Set<Integer>> rates = new HashMap<>();
    for (Device device : devices) {
      Set<Integer> listed = new TreeSet<>();
      for (AudioFormat format : device.getFormatsList()) {
        listed.add(format.getSampleRateHz());
      }
      if (!listed.isEmpty() && !listed.contains(0)) { // 0: any
        rates.put(device.getDeviceId(), listed);
      }
    }
    return rates;
  }

  private static Set<String> virtualDevices(List<Device> devices) {
    return devices.stream()
        .filter(device -> device.getVendor().equals(VIRTUAL_VENDOR))
        .map(Device::getDeviceId)
        .collect(Collectors.toSet());
  }

  /** Keeps the attributes of the connection of the last call. */
  private static final class AttributeReader implements ClientInterceptor {
    private volatile Attributes attributes = Attributes.EMPTY;

    @Override
    public <Q, R> ClientCall<Q, R> interceptCall(
        MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(Listener<R> listener, Metadata headers) {
          super.start(
              new SimpleForwardingClientCallListener<>(listener) {
                @Override
                public void onClose(Status status, Metadata trailers) {
                  attributes = getAttributes();
                  super.onClose(status, trailers);
                }
              },
              headers);
        }
      };
    }
  }

  /** Keeps what a server presents, and trusts no server. */
  private static final class RejectingTrustManager implements X509TrustManager {
    private volatile List<X509Certificate> presented = List.of();

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      presented = List.copyOf(Arrays.asList(chain));
      throw new CertificateException("seen");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType)
        throws CertificateException {
      throw new CertificateException("not a server");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
