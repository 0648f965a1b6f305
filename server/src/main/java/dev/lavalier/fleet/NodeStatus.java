package dev.lavalier.fleet;

import java.util.List;
import java.util.Map;

/**
 * The status of a node at one moment. Immutable.
 *
 * @param connected whether there is a connection; if not, the engine or the way to it has failed
 * @param sharing whether it shares devices; false if it was closed, or if another process with the
 *     same id started later
 * @param devices the devices that were published since the start, at most 256, by id
 */
public record NodeStatus(boolean connected, boolean sharing, List<Shared> devices) {

  /**
   * A device.
   *
   * @param device its id on the node
   * @param listeners the edges that have a lease, and their numbers of subscriptions
   * @param blocksPublished since the start
   * @param samplesDropped samples per channel that were not published since the start, because the
   *     link was not ready or the node was overloaded
   */
  public record Shared(
      String device, Map<String, Integer> listeners, long blocksPublished, long samplesDropped) {}
}
