package dev.lavalier.fleet;

import dev.lavalier.hub.EpochClock;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The options of a node. Immutable.
 *
 * @param node the id of the node: at most 40 of a-z, 0-9 and -
 * @param boot a random number of this process
 * @param version the version of the server; edges show the first 64 characters
 * @param shared which device ids the operator shares
 * @param recorded which of them the engine records
 * @param expected device ids that this machine should have; a warning says which are missing
 * @param epochs numbers the epochs of the hub
 */
public record NodeOptions(
    String node,
    long boot,
    String version,
    Predicate<String> shared,
    Predicate<String> recorded,
    Set<String> expected,
    EpochClock epochs) {

  /**
   * Creates options.
   *
   * @throws IllegalArgumentException if the id is malformed
   */
  public NodeOptions {
    Subjects.checkName("fleet-node", node);
    expected = Set.copyOf(expected);
  }

  /** Creates options of a hub that numbers epochs by the wall clock. */
  public NodeOptions(
      String node,
      long boot,
      String version,
      Predicate<String> shared,
      Predicate<String> recorded) {
    this(node, boot, version, shared, recorded, Set.of(), EpochClock.WALL);
  }

  /** Creates options without recorded devices. */
  public NodeOptions(String node, long boot, String version, Predicate<String> shared) {
    this(node, boot, version, shared, id -> false);
  }
}
