package dev.lavalier.access;

import java.util.Set;

/**
 * What a caller may do. Immutable.
 *
 * @param list the ids of devices that it may know of; {@link #ANY} for all
 * @param stream the ids of devices that it may hear, and so know of; {@link #ANY} for all
 * @param admin whether it may see who listens, and the server's insides
 */
public record Grants(Set<String> list, Set<String> stream, boolean admin) {

  /** Stands for every device. */
  public static final String ANY = "*";

  /** Nothing. */
  public static final Grants NONE = new Grants(Set.of(), Set.of(), false);

  /** Everything: what everybody may, where the server asks nobody who they are. */
  public static final Grants ALL = new Grants(Set.of(ANY), Set.of(ANY), true);

  /** Copies the sets. */
  public Grants {
    list = Set.copyOf(list);
    stream = Set.copyOf(stream);
  }

  /** Returns whether a device may be known of. */
  public boolean canList(String deviceId) {
    return list.contains(ANY) || list.contains(deviceId) || canStream(deviceId);
  }

  /** Returns whether a device may be heard. */
  public boolean canStream(String deviceId) {
    return stream.contains(ANY) || stream.contains(deviceId);
  }
}
