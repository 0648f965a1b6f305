package dev.lavalier.pipeline;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * The threads that encode live frames, so that no capture thread does. Each framer is assigned one
 * of them. Safe for use from any thread.
 */
public final class EncoderThreads implements AutoCloseable {

  /** No threads, for a server without codecs. */
  public static final EncoderThreads NONE = new EncoderThreads(List.of());

  private final List<? extends Executor> threads;
  private final AtomicInteger assigned = new AtomicInteger();

  /** Creates the threads from executors, each of which runs one task at a time, in order. */
  public EncoderThreads(List<? extends Executor> threads) {
    this.threads = List.copyOf(threads);
  }

  /**
   * Creates one thread for every two processors, so that the other threads always find one. A
   * thread starts with its first task.
   */
  public static EncoderThreads create() {
    int count = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
    return new EncoderThreads(
        IntStream.rangeClosed(1, count).mapToObj(EncoderThreads::newThread).toList());
  }

  private static ExecutorService newThread(int number) {
    return Executors.newSingleThreadExecutor(
        task -> {
          Thread thread = new Thread(task, "lavalier-encoder-" + number);
          thread.setDaemon(true);
          return thread;
        });
  }

  /** Returns the next thread in turn. */
  public Executor assign() {
    return threads.get(Math.floorMod(assigned.getAndIncrement(), threads.size()));
  }

  /** Stops the threads. Frames that wait are not encoded. */
  @Override
  public void close() {
    for (Executor thread : threads) {
      if (thread instanceof ExecutorService service) {
        service.shutdownNow();
      }
    }
  }
}
