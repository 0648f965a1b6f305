package dev.lavalier.service;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.lavalier.common.StreamException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Records the messages of a call, as a transport that is always ready. */
final class RecordingSink implements CallSink {

  private static final Object COMPLETED = "completed";

  private final BlockingQueue<Object> sent = new LinkedBlockingQueue<>();
  private volatile int readyThreshold;
  private final AtomicInteger requests = new AtomicInteger();

  @Override
  public void setReadyThreshold(int bytes, boolean together) {
    readyThreshold = bytes;
  }

  @Override
  public void requestMessage() {
    requests.incrementAndGet();
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public void send(byte[] message) {
    sent.add(message);
  }

  @Override
  public void complete() {
    sent.add(COMPLETED);
  }

  @Override
  public void fail(StreamException reason) {
    sent.add(reason);
  }

  /** Returns the threshold that the call has set; 0: none. */
  int readyThreshold() {
    return readyThreshold;
  }

  /** Returns how many messages the call has requested. */
  int requests() {
    return requests.get();
  }

  /** Returns the next message, after a wait of at most 10 s. */
  <T> T next(Parser<T> parser) throws InterruptedException, InvalidProtocolBufferException {
    return parser.parseFrom((byte[]) next());
  }

  /** Returns the next message as the call passed it, after a wait of at most 10 s. */
  byte[] nextMessage() throws InterruptedException {
    return (byte[]) next();
  }

  /** Returns the failure that the call reports next. */
  StreamException nextFailure() throws InterruptedException {
    return (StreamException) next();
  }

  /** Waits for the completion that the call reports next. */
  void awaitCompletion() throws InterruptedException {
    if (next() != COMPLETED) {
      throw new AssertionError("not completed yet");
    }
  }

  private Object next() throws InterruptedException {
    Object next = sent.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nothing was sent within 10 s");
    }
    return next;
  }

  /** Returns whether the call has sent no further message. */
  boolean isEmpty() {
    return sent.isEmpty();
  }
}
