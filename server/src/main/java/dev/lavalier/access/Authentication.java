package dev.lavalier.access;

import java.util.Optional;

/** That a caller was let in, by whatever it was known. Safe for use from any thread. */
public interface Authentication {

  /** Returns who it is: a token's name, a certificate's subject, or empty where nobody asked. */
  Optional<String> name();

  /**
   * Returns what it may do at this moment; empty, once that by which it was let in has expired or
   * been taken away.
   */
  Optional<Grants> grants();

  /** Lets somebody in who is not known. */
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
