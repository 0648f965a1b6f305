package dev.lavalier.app;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Decides by its header Host whether a request was meant for this server. A page in a browser can
 * point a domain name of its own to the address of this server, and then read the responses (DNS
 * rebinding). Such a request names that domain. An IP address and a name without dots are accepted,
 * because nobody can register them, and so are the names of this machine if the server listens
 * beyond loopback. Immutable.
 */
final class AcceptedHosts {

  private static final Pattern ADDRESS_OR_LOCAL_NAME =
      Pattern.compile(
          "\\[[0-9a-f:.%]+]|[0-9]{1,3}(\\.[0-9]{1,3}){3}|([a-z0-9._-]+\\.)?localhost|[a-z0-9_-]+");

  private final Set<String> accepted = new HashSet<>();

  /**
   * Creates the decision. Beyond loopback, looks up the names of this machine, which may block.
   *
   * @param bind the address that the server listens on
   * @param names further names that requests can have, such as aliases of this machine
   */
  AcceptedHosts(InetAddress bind, Collection<String> names) {
    names.forEach(name -> accepted.add(normalized(name)));
    if (!bind.isLoopbackAddress()) {
      addNamesOfThisMachine();
    }
  }

  /**
   * Returns whether a request is accepted.
   *
   * @param header the header Host: a name or address, with or without a port
   */
  boolean accepts(String header) {
    String host = normalized(header.replaceFirst(":[0-9]*$", ""));
    return ADDRESS_OR_LOCAL_NAME.matcher(host).matches() || accepted.contains(host);
  }

  private void addNamesOfThisMachine() {
    try {
      InetAddress machine = InetAddress.getLocalHost();
      accepted.add(normalized(machine.getHostName()));
      accepted.add(normalized(machine.getCanonicalHostName()));
    } catch (UnknownHostException e) {
      // this machine has no name
    }
  }

  private static String normalized(String name) {
    return name.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
  }
}
