package dev.lavalier.app;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Decides by its header Host whether a request was meant for this server. A page in a browser can
 * point a domain name of its own to the address of this server, and then read the responses (DNS
 * rebinding). Such a request names that domain. An IP address and a name without dots are accepted,
 * because nobody can register them, and so are the names of this machine if the server listens
 * beyond loopback. Used on one thread.
 */
final class AcceptedHosts {

  private static final Pattern ADDRESS_OR_LOCAL_NAME =
      Pattern.compile(
          "\\[[0-9a-f:.%]+]|[0-9]{1,3}(\\.[0-9]{1,3}){3}|([a-z0-9._-]+\\.)?localhost|[a-z0-9_-]+");

  private final Set<String> configured = new HashSet<>();
  private final boolean beyondLoopback;
  private @Nullable Set<String> machineNames; // null: not needed yet

  /**
   * Creates the decision.
   *
   * @param bind the address that the server listens on
   * @param names further names that requests can have, such as aliases of this machine
   */
  AcceptedHosts(InetAddress bind, Collection<String> names) {
    this.beyondLoopback = !bind.isLoopbackAddress();
    names.forEach(name -> configured.add(normalized(name)));
  }

  /**
   * Returns whether a request is accepted. The first unusual name may block, for a look-up of the
   * names of this machine.
   *
   * @param header the header Host: a name or address, with or without a port
   */
  boolean accepts(String header) {
    String host = normalized(header.replaceFirst(":[0-9]*$", ""));
    return ADDRESS_OR_LOCAL_NAME.matcher(host).matches()
        || configured.contains(host)
        || (beyondLoopback && machineNames().contains(host));
  }

  private Set<String> machineNames() {
    if (machineNames == null) {
      machineNames = new HashSet<>();
      try {
        InetAddress machine = InetAddress.getLocalHost();
        machineNames.add(normalized(machine.getHostName()));
        machineNames.add(normalized(machine.getCanonicalHostName()));
      } catch (UnknownHostException e) {
        // this machine has no name
      }
    }
    return machineNames;
  }

  private static String normalized(String name) {
    return name.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
  }
}
