package dev.lavalier.fleet;

import java.util.List;
import java.util.Map;

/**
 * The status of an edge at one moment. Immutable.
 *
 * @param connected whether there is a connection; if not, the engine or the way to it has failed
 * @param nodes the nodes that sent a heartbeat within 30 s, at most 1,000, by id
 */
public record EdgeStatus(boolean connected, List<Node> nodes) {

  /**
   * A node. The counters count what this edge received since its start.
   *
   * @param id the id of the node
   * @param version the version of its server; empty if it is not known
   * @param silentNanos time since its last heartbeat
   * @param clockOffsetNanos how much its wall clock is ahead of that of this machine; includes the
   *     shortest time that a message takes
   * @param devices number of devices that it shares
   * @param openDevices number of them that are open on this edge
   * @param maxWaitNanos the longest time that a message waited on the way in the last 5 to 10 s
   * @param blocksReceived blocks that were used
   * @param blocksIgnored blocks that were not used, for each reason
   * @param samplesMissing samples per channel of open devices that were lost on the way
   */
  public record Node(
      String id,
      String version,
      long silentNanos,
      long clockOffsetNanos,
      int devices,
      int openDevices,
      long maxWaitNanos,
      long blocksReceived,
      Map<IgnoredBlock, Long> blocksIgnored,
      long samplesMissing) {}
}
