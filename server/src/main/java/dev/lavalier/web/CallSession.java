package dev.lavalier.web;

import dev.lavalier.access.Peer;
import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.netty.PeerAddress;
import dev.lavalier.service.ActiveCalls.ActiveCall;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallServices;
import dev.lavalier.service.Caller;
import dev.lavalier.service.StatusCode;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * One call of the web port, from its authorization to its end: who calls, the limits of calls, and
 * the count of calls. Used only on the event loop of its connection.
 */
final class CallSession {

  static final String SERVICE = "lavalier.v1.AudioCapture";

  private final CallServices calls;
  private final String method;
  private final String address;
  private final Caller caller;
  private final DeliveryLoop deliveryLoop;
  private final ActiveCall active;
  private Consumer<StreamException> ending = reason -> {};
  private boolean ended;

  private CallSession(WebServices web, String method, Peer peer, List<String> authorization)
      throws StreamException {
    this.calls = web.calls();
    this.method = method;
    this.address = peer.address();
    this.deliveryLoop = web.transport().loops().current();
    this.caller = calls.authorizer().authorize(SERVICE, method, authorization, peer);
    this.active =
        calls
            .activeCalls()
            .add(caller, method, reason -> deliveryLoop.execute(() -> ending.accept(reason)));
  }

  /**
   * Authorizes and counts a call.
   *
   * @param method {@code service/method}, which this server has
   * @param authorization the credentials of the caller, as values of the metadata {@code
   *     authorization}
   * @throws StreamException NOT_AUTHENTICATED, NOT_PERMITTED or LIMIT_REACHED
   */
  static CallSession open(
      WebServices web, Channel connection, String method, List<String> authorization)
      throws StreamException {
    web.calls().observer().onCallStarted(method);
    Peer peer = peer(connection);
    try {
      return new CallSession(web, method, peer, authorization);
    } catch (StreamException e) {
      report(web.calls(), method, peer.address(), e);
      throw e;
    }
  }

  /** Returns what the transport knows about the peer of a connection. */
  static Peer peer(Channel connection) {
    SslHandler tls = connection.pipeline().get(SslHandler.class);
    return new Peer(
        PeerAddress.display(connection.remoteAddress()),
        CallAuthorizer.peerCertificate(tls == null ? null : tls.engine().getSession()),
        OptionalLong.empty(),
        "web");
  }

  /** Sets the task that ends the call when its caller has no access any more. */
  void onEnding(Consumer<StreamException> task) {
    ending = task;
  }

  String method() {
    return method;
  }

  Caller caller() {
    return caller;
  }

  DeliveryLoop deliveryLoop() {
    return deliveryLoop;
  }

  /** Returns the reason why the access of the caller has ended; empty: it has not. */
  Optional<StreamException> accessEnd() {
    return caller.accessEnd();
  }

  boolean isOpen() {
    return !ended;
  }

  /** Ends the call with a reason. Returns false if it has ended before. */
  boolean close(StreamException reason) {
    if (ended) {
      return false;
    }
    ended = true;
    active.remove();
    report(calls, method, address, reason);
    return true;
  }

  /**
   * Ends the call.
   *
   * @param code the name of the status code, {@code OK} or {@code CANCELLED}
   * @return false if it has ended before
   */
  boolean close(String code) {
    if (ended) {
      return false;
    }
    ended = true;
    active.remove();
    calls.observer().onCallEnded(method, code);
    return true;
  }

  private static void report(
      CallServices calls, String method, String address, StreamException reason) {
    calls.observer().onCallEnded(method, StatusCode.of(reason.reason()).name());
    switch (reason.reason()) {
      case LIMIT_REACHED, REQUEST_TIMEOUT ->
          calls.rejections().limitReached(address, method, String.valueOf(reason.getMessage()));
      default -> {} // the request, the device or the access
    }
  }
}
