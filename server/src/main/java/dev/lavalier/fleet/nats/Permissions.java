package dev.lavalier.fleet.nats;

import dev.lavalier.fleet.Subjects;

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
   * @param records whether it can let nats-server record its devices
   * @throws IllegalArgumentException if the id is malformed
   */
  public static String ofNode(String node, String publicKey, boolean records) {
    String id = Subjects.checkName("node", node);
    return """
        { nkey: %2$s, permissions: {
            publish: ["lav.1.pcm.%1$s.*", "lav.1.hb.%1$s", "lav.1.cat.%1$s"%3$s],
            subscribe: ["lav.1.ctl.%1$s.*", "lav.1.who", "lav.1.hb.%1$s"%4$s],
            allow_responses: { max: 1, expires: "15s" } } }
        """
        .formatted(
            id,
            publicKey,
            records
                ? ",\n      \"lav.1.rec.%1$s.*\", \"$JS.API.STREAM.CREATE.LAV_REC_%1$s\""
                    .formatted(id)
                : "",
            records ? ", \"_INBOX_%s.>\"".formatted(id) : "");
  }

  /**
   * Returns the entry of an edge for the list of users in the configuration of nats-server.
   *
   * @param edge the id of the edge
   * @param publicKey its nkey
   * @param records whether it can read what nats-server has recorded
   * @throws IllegalArgumentException if the id is malformed
   */
  public static String ofEdge(String edge, String publicKey, boolean records) {
    String id = Subjects.checkName("edge", edge);
    return """
        { nkey: %2$s, permissions: {
            publish: ["lav.1.ctl.*.%1$s", "lav.1.who"%3$s],
            subscribe: ["lav.1.pcm.*.*", "lav.1.hb.*", "lav.1.cat.*", "_INBOX_%1$s.>"%4$s] } }
        """
        .formatted(
            id,
            publicKey,
            records
                ? ",\n      \"$JS.API.DIRECT.GET.*.lav.1.rec.*.*\","
                    + " \"$JS.API.CONSUMER.CREATE.*.*.lav.1.rec.*.*\","
                    + " \"$JS.API.CONSUMER.MSG.NEXT.*.*\""
                : "",
            records ? ", \"lav.1.rec.*.*\"" : "");
  }
}
