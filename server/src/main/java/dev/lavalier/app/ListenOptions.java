package dev.lavalier.app;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import picocli.CommandLine.Option;

/** Where the server listens. */
final class ListenOptions {

  @Option(
      names = "--bind",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description = "Address to listen on (default: ${DEFAULT-VALUE}).")
  private String bind;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "50051",
      description = "Port to listen on; 0: a free one (default: ${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--insecure",
      description = "Allow an address beyond loopback: whoever reaches it can listen.")
  private boolean insecure;

  /**
   * Returns the address to listen on.
   *
   * @throws IllegalArgumentException in one line for the user
   */
  InetSocketAddress address() {
    InetAddress address;
    try {
      address = InetAddress.getByName(bind);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(
          "bind: %s (expected: an address of this machine)".formatted(bind), e);
    }
    if (!address.isLoopbackAddress() && !insecure) {
      throw new IllegalArgumentException(
          ("bind: %s (expected: a loopback address, such as 127.0.0.1; there is no encryption and no"
                  + " password, so whoever reaches another one can listen: to allow that, add"
                  + " --insecure, or reach this server through a tunnel, as ssh -L)")
              .formatted(bind));
    }
    Checks.range("port", port, 0, 65_535);
    return new InetSocketAddress(address, port);
  }

  /** Returns whether whoever reaches the address may listen, and that is not this machine alone. */
  boolean isExposed() {
    return insecure && !address().getAddress().isLoopbackAddress();
  }

  /** Says in one line why it could not be listened on. */
  String refusal(IOException e) {
    Throwable cause = e;
    while (cause.getCause() != null && !(cause instanceof BindException)) {
      cause = cause.getCause();
    }
    return "port: %d (expected: one that can be listened on at %s; %s)"
        .formatted(port, bind, cause.getMessage());
  }
}
