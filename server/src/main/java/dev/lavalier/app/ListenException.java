package dev.lavalier.app;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;

/** Reports that the server cannot listen on an address. The message is one line for the user. */
final class ListenException extends IOException {

  private static final long serialVersionUID = 1;

  /** The start of the transport's message for a failed system call. */
  private static final String SYSTEM_CALL = ".* failed with error\\(-?\\d+\\): ";

  /**
   * Creates an exception.
   *
   * @param key the key of the option for the port
   * @param address the address
   * @param e why the server cannot listen on it
   */
  ListenException(String key, InetSocketAddress address, IOException e) {
    super(
        "%s: %d (expected: a port that the server can listen on at %s; %s)"
            .formatted(
                key,
                address.getPort(),
                address.getAddress().getHostAddress(),
                String.valueOf(bindFailure(e).getMessage()).replaceFirst(SYSTEM_CALL, "")),
        e);
  }

  /**
   * Creates an exception.
   *
   * @param e why the server cannot listen on its Unix socket; its message is one line for the user
   */
  ListenException(IOException e) {
    super(e.getMessage(), e);
  }

  private static Throwable bindFailure(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof BindException)) {
      cause = cause.getCause();
    }
    return cause;
  }
}
