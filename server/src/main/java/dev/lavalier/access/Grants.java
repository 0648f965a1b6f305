package dev.lavalier.access;

import java.util.Set;

/**
 * The grants of a caller. Immutable.
 *
 * @param list the ids of the devices that the caller can list; {@link #ANY} for all
 * @param stream the ids of the devices that the caller can stream and list; {@link #ANY} for all
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
    return list.contains(ANY) || list.contains(deviceId) || canStream(deviceId);
  }

  /** Returns whether the caller can stream a device. */
  public boolean canStream(String deviceId) {
    return stream.contains(ANY) || stream.contains(deviceId);
  }
}
