package dev.lavalier.client;

/**
 * Wraps a {@link LavalierException} in a loop over a {@link FrameStream}, because an iterator
 * cannot throw it.
 */
public final class UncheckedLavalierException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UncheckedLavalierException(LavalierException cause) {
    super(cause.getMessage(), cause);
  }

  /** Returns the failure of the stream; never null. */
  @Override
  public synchronized LavalierException getCause() {
    return (LavalierException) super.getCause();
  }
}
