package dev.lavalier.access;

import java.util.Set;

/**
 * The grants of a caller. Immutable.
 *
 * <p>{@link #ANY} in place of an id grants all devices. {@code studio-3/*} grants all devices of
 * the node studio-3: those whose id has this name before its first slash. {@code studio-3/a/*} is
 * the id of one device, because the name of a node has no slash.
 *
 * @param list the ids of the devices that the caller can list
 * @param stream the ids of the devices that the caller can stream and list
 * @param admin whether the caller can see subscriptions and the internal state of the server
 */
public record Grants(Set<String> list, Set<String> stream, boolean admin) {

  /** The id that stands for every device. */
  public static final String ANY = "*";

  /** No grants. */
  public static final Grants NONE = new Grants(Set.of(), Set.of(), false);

  /** All grants: those of every caller if the server requires no authentication. */
  public static final Grants ALL = new Grants(Set.of(ANY), Set.of(ANY), true);

  /** Creates grants with copies of the sets. */
  public Grants {
    list = Set.copyOf(list);
    stream = Set.copyOf(stream);
  }

  /** Returns whether the caller can list a device. */
  public boolean canList(String deviceId) {
    return grants(list, deviceId) || canStream(deviceId);
  }

  /** Returns whether the caller can stream a device. */
  public boolean canStream(String deviceId) {
    return grants(stream, deviceId);
  }

  private static boolean grants(Set<String> ids, String deviceId) {
    int node = deviceId.indexOf('/') + 1; // length of the name with its slash; 0: none
    return ids.contains(ANY)
        || ids.contains(deviceId)
        || (node > 1 && ids.contains(deviceId.substring(0, node) + ANY));
  }
}
