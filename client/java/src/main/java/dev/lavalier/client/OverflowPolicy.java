package dev.lavalier.client;

/** The behavior of a stream when this client does not read frames in time. */
public enum OverflowPolicy {
  /** The oldest frames are dropped; the {@link Gap} of the next frame counts their samples. */
  DROP_OLDEST,
  /** The stream ends with {@link LavalierException.Kind#LIMIT_REACHED}. */
  CLOSE
}
