package dev.lavalier.client;

/** What the server does when this client does not take frames in time. */
public enum OverflowPolicy {
  /** The oldest frames go; the next frame bears a {@link Gap} that counts them. */
  DROP_OLDEST,
  /** The stream ends with {@link LavalierException.Kind#LIMIT_REACHED}. */
  CLOSE
}
