package dev.lavalier.client;

/** A {@link LavalierException} out of a loop over a {@link FrameStream}, which cannot throw it. */
public final class UncheckedLavalierException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  UncheckedLavalierException(LavalierException cause) {
    super(cause.getMessage(), cause);
  }

  /** Returns what went wrong. */
  @Override
  public synchronized LavalierException getCause() {
    return (LavalierException) super.getCause();
  }
}
