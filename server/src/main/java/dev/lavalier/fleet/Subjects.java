package dev.lavalier.fleet;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The subjects of a fleet. Those that name their sender can be permitted to that sender only.
 *
 * <p>The public methods are for implementations of {@link Link}. All methods can be called by any
 * thread, and do not block.
 */
public final class Subjects {

  /** Asks all nodes for their catalogues. */
  static final String WHO = "lav.1.who";

  /** In a pattern: any node, or any edge. */
  public static final String ANY = "*";

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,39}");

  private Subjects() {}

  /** Returns the subject of the blocks of a device. */
  static String blocks(String node, String localId) {
    byte[] id = localId.getBytes(StandardCharsets.UTF_8);
    return "lav.1.pcm.%s.%s"
        .formatted(node, Base64.getUrlEncoder().withoutPadding().encodeToString(id));
  }

  /** Returns the subject of the blocks of a device that is recorded, in place of the other one. */
  static String recorded(String node, String localId) {
    byte[] id = localId.getBytes(StandardCharsets.UTF_8);
    return "lav.1.rec.%s.%s"
        .formatted(node, Base64.getUrlEncoder().withoutPadding().encodeToString(id));
  }

  /** Returns the subject of the blocks of a device. */
  static String blocks(String node, String localId, boolean recorded) {
    return recorded ? recorded(node, localId) : blocks(node, localId);
  }

  /** Returns whether a subject is that of the blocks of a device, recorded or not. */
  public static boolean isBlocks(String subject) {
    return subject.startsWith("lav.1.pcm.") || subject.startsWith("lav.1.rec.");
  }

  /**
   * Returns the pattern of all blocks of a node that are recorded.
   *
   * @param node the id of the node; not checked
   */
  public static String recordedBy(String node) {
    return "lav.1.rec.%s.%s".formatted(node, ANY);
  }

  /** Returns the subject of the requests of an edge to a node. */
  static String control(String node, String edge) {
    return "lav.1.ctl.%s.%s".formatted(node, edge);
  }

  /** Returns how the subjects begin on which a node or an edge gets answers. */
  public static String inbox(String name) {
    return "_INBOX_" + name + ".";
  }

  /**
   * Returns whether a subject is for answers to a node or an edge. nats-server lets a node answer
   * on each subject that a request names, so an answer on another one would be a message of the
   * node that the sender of the request has chosen.
   */
  public static boolean isInbox(@Nullable String subject, String name) {
    return subject != null && subject.startsWith(inbox(name));
  }

  /** Returns the subject of the heartbeats of a node. */
  static String heartbeat(String node) {
    return "lav.1.hb." + node;
  }

  /** Returns the subject of the catalogue of a node. */
  static String catalogue(String node) {
    return "lav.1.cat." + node;
  }

  /** Returns the node of a device id in the fleet: the part before the first slash. */
  static String nodeOf(String deviceId) {
    return deviceId.substring(0, Math.max(0, deviceId.indexOf('/')));
  }

  /** Returns the id on its node of a device id in the fleet: the part after the first slash. */
  static String localIdOf(String deviceId) {
    return deviceId.substring(deviceId.indexOf('/') + 1);
  }

  /** Returns the last token of a subject, or all of it if it has no dot. */
  public static String lastToken(String subject) {
    return subject.substring(subject.lastIndexOf('.') + 1);
  }

  /** Returns whether a text can be the name of a node or of an edge. */
  static boolean isName(String text) {
    return NAME.matcher(text).matches();
  }

  /**
   * Checks the name of a node or of an edge.
   *
   * @param field what the message of the exception names
   * @return the name
   * @throws IllegalArgumentException if it is not 1 to 40 of a-z, 0-9 and -, or begins with -; its
   *     message is one line for the operator
   */
  public static String checkName(String field, String name) {
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "%s: %s (expected: at most 40 of a-z, 0-9 and -, not - first)".formatted(field, name));
    }
    return name;
  }
}
