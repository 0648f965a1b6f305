package dev.lavalier.client.bench;

/** The run was not possible. The message is one line. */
public final class BenchException extends Exception {

  private static final long serialVersionUID = 1L;

  BenchException(String message) {
    super(message);
  }
}
