package dev.lavalier.hub;

/**
 * The caller that subscribes or watches, as known to the server. Used for limits, for the audit log
 * and for revoking access. Immutable.
 *
 * @param identity the authenticated name; {@link #ANONYMOUS} if the server does not authenticate
 *     callers
 * @param address address and port of the peer, or its user and process if it uses a Unix socket;
 *     also identifies its connection
 * @param via the transport of its calls, for the audit log; empty: gRPC
 * @param accessCheck decides whether the caller still has access
 */
public record Subscriber(String identity, String address, String via, AccessCheck accessCheck) {

  /** The identity of all callers if the server does not authenticate them. */
  public static final String ANONYMOUS = "anonymous";

  /** Creates a subscriber that always has access. */
  public Subscriber(String identity, String address) {
    this(identity, address, AccessCheck.ALWAYS_ALLOWED);
  }

  /** Creates a subscriber that calls over gRPC. */
  public Subscriber(String identity, String address, AccessCheck accessCheck) {
    this(identity, address, "", accessCheck);
  }
}
