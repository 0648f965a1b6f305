package dev.lavalier.fleet;

/**
 * What nats-server permits to the user of a server of the fleet: a node can publish only as itself
 * and can listen to no device, and an edge cannot publish audio.
 */
public final class Permissions {

  private Permissions() {}

  /**
   * Returns the entry of a node for the list of users in the configuration of nats-server.
   *
   * @param node the id of the node
   * @param publicKey its nkey
   * @throws IllegalArgumentException if the id is malformed
   */
  public static String ofNode(String node, String publicKey) {
    String id = Subjects.checkName("node", node);
    return """
        { nkey: %2$s, permissions: {
            publish: ["lav.1.pcm.%1$s.*", "lav.1.hb.%1$s", "lav.1.cat.%1$s"],
            subscribe: ["lav.1.ctl.%1$s.*", "lav.1.who", "lav.1.hb.%1$s"],
            allow_responses: { max: 1, expires: "15s" } } }
        """
        .formatted(id, publicKey);
  }

  /**
   * Returns the entry of an edge for the list of users in the configuration of nats-server.
   *
   * @param edge the id of the edge
   * @param publicKey its nkey
   * @throws IllegalArgumentException if the id is malformed
   */
  public static String ofEdge(String edge, String publicKey) {
    String id = Subjects.checkName("edge", edge);
    return """
        { nkey: %2$s, permissions: {
            publish: ["lav.1.ctl.*.%1$s", "lav.1.who"],
            subscribe: ["lav.1.pcm.*.*", "lav.1.hb.*", "lav.1.cat.*", "_INBOX_%1$s.>"] } }
        """
        .formatted(id, publicKey);
  }
}
