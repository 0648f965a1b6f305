package dev.lavalier.hub;

/**
 * Who subscribes or watches, as far as the server knows: for limits, for records, and for taking
 * access away.
 *
 * @param identity the name that was authenticated; {@link #ANONYMOUS} where none was asked for
 * @param address the peer's address and port, which also stands for its connection
 * @param accessCheck whether it may go on
 */
public record Subscriber(String identity, String address, AccessCheck accessCheck) {

  /** The identity of everybody, where the server asks for none. */
  public static final String ANONYMOUS = "anonymous";

  /** Makes one that may go on for ever. */
  public Subscriber(String identity, String address) {
    this(identity, address, AccessCheck.ALWAYS_ALLOWED);
  }
}
