package dev.lavalier.fleet;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * The connection of a server to the messages of its fleet. A message is delivered at most once: it
 * can be lost, late, or overtaken. A link does not deliver the messages that it published itself.
 *
 * <p>Safe for use from any thread. Only {@link #request} and {@link #recorded} block.
 */
public interface Link {

  /**
   * Receives messages, for each {@link #subscribe} one at a time. Must not block.
   *
   * @see Message
   */
  @FunctionalInterface
  interface Receiver {
    /** Called for each message, on a thread of the link. */
    void onMessage(Message message);
  }

  /** A message. Immutable. */
  final class Message {
    private final String subject;
    private final byte[] payload;
    private final Consumer<byte[]> reply;
    private final long queuedNanos;

    /**
     * Creates a message.
     *
     * @param subject its name: tokens, with dots between them
     * @param payload the bytes; not copied
     * @param reply sends an answer; never blocks
     * @param queuedNanos how long it waited for its receiver, at most
     */
    public Message(String subject, byte[] payload, Consumer<byte[]> reply, long queuedNanos) {
      this.subject = subject;
      this.payload = payload;
      this.reply = reply;
      this.queuedNanos = queuedNanos;
    }

    /** Creates a message that did not wait for its receiver. */
    public Message(String subject, byte[] payload, Consumer<byte[]> reply) {
      this(subject, payload, reply, 0);
    }

    /** Returns its name. */
    public String subject() {
      return subject;
    }

    /** Returns the bytes, not copied. */
    public byte[] payload() {
      return payload;
    }

    /**
     * Returns how long it waited on this machine for its receiver, at most: in nanoseconds, 0 or
     * more.
     */
    public long queuedNanos() {
      return queuedNanos;
    }

    /**
     * Returns what sends an answer, at most once, from any thread. It has no effect if the sender
     * does not wait for an answer.
     */
    public Consumer<byte[]> reply() {
      return reply;
    }
  }

  /** The subscription of a receiver. */
  @FunctionalInterface
  interface Registration extends AutoCloseable {
    /** Ends it. A message that is being delivered can still arrive. */
    @Override
    void close();
  }

  /** Says that no answer has arrived. */
  final class NoReplyException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Creates an exception.
     *
     * @param message what was observed, in a few words
     */
    public NoReplyException(String message) {
      super(message);
    }
  }

  /** Returns whether a message would be sent at once. If not, {@link #publish} drops it. */
  boolean isReady();

  /**
   * Returns whether a block should be dropped, because it would delay newer ones: earlier blocks
   * waited on a narrow line after it was read.
   *
   * @param readNanos steady time at which the block was read
   */
  default boolean isLate(long readNanos) {
    return false;
  }

  /** Adds a listener that is called whenever the link becomes ready. It must not block. */
  void onReady(Runnable listener);

  /** Returns whether there is a connection. It can be busy, unlike that of {@link #isReady}. */
  default boolean isConnected() {
    return isReady();
  }

  /** Adds a listener that is called for each new connection. It must not block. */
  default void onConnected(Runnable listener) {
    onReady(listener);
  }

  /** Sends a message to all who have subscribed to its subject, or drops it. */
  void publish(String subject, byte[] payload);

  /**
   * Delivers the messages of some subjects from now on.
   *
   * @param pattern a subject; the token {@code *} stands for any token
   */
  Registration subscribe(String pattern, Receiver receiver);

  /**
   * Sends a message and waits for an answer.
   *
   * @throws NoReplyException if nobody has subscribed to the subject, or nobody answers in time
   */
  byte[] request(String subject, byte[] payload, Duration timeout)
      throws NoReplyException, InterruptedException;

  /**
   * Returns messages of a subject that were recorded, the oldest first. Blocks for up to 500 ms.
   *
   * @param back how long before the newest recorded message the oldest one was published, at most
   * @param maxBytes of all of them; if there are more, the oldest are left out
   * @return empty if nothing is recorded, or if that is not known in time
   */
  default List<byte[]> recorded(String subject, Duration back, int maxBytes)
      throws InterruptedException {
    return List.of();
  }
}
