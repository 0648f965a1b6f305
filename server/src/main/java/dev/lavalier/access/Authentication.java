package dev.lavalier.access;

import java.util.Optional;

/** The result of a successful authentication of a caller. Safe for use from any thread. */
public interface Authentication {

  /**
   * Returns the identity of the caller: the name of its token entry, the subject of its
   * certificate, or the id of its user, {@code uid:1000}; empty: it is anonymous.
   */
  Optional<String> name();

  /**
   * Returns the grants of the caller at this moment; empty: its credential has expired or has been
   * revoked.
   */
  Optional<Grants> grants();

  /** Returns the authentication of an anonymous caller, which never expires. */
  static Authentication anonymous(Grants grants) {
    return new Authentication() {
      @Override
      public Optional<String> name() {
        return Optional.empty();
      }

      @Override
      public Optional<Grants> grants() {
        return Optional.of(grants);
      }
    };
  }
}
