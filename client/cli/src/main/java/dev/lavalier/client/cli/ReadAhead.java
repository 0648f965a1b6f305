package dev.lavalier.client.cli;

import dev.lavalier.client.PcmFormat;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Writes to another output on a thread of its own, so that a reader of a pipe that loads for a
 * while, or a slow disk, loses nothing. Up to {@value #MAX_SECONDS} s of audio wait, at most
 * {@value #MAX_BYTES} bytes and a quarter of the heap; then {@link #write} waits too, and the queue
 * of the server fills.
 *
 * <p>One thread writes and closes. If the other output fails, it is not written to any more, {@code
 * onFailure} runs on the thread of this object, and the next call throws.
 */
final class ReadAhead implements AudioOutput {

  private static final int MAX_SECONDS = 120;
  private static final int MAX_BYTES = 64 << 20;
  private static final int HEAP_PARTS = 4; // one of them at most

  private final AudioOutput output;
  private final Runnable onFailure;
  private final long maxBytes;

  // Guarded by this.
  private final Deque<Chunk> waiting = new ArrayDeque<>();
  private long waitingBytes; // in the queue, or being written
  private boolean writing; // silence has no bytes
  private boolean ended;
  private @Nullable IOException failure;

  /** Samples that wait, and when the first of them was captured. */
  private record Chunk(Samples samples, long captureTimeUnixNanos) {}

  private ReadAhead(AudioOutput output, long maxBytes, Runnable onFailure) {
    this.output = output;
    this.maxBytes = maxBytes;
    this.onFailure = onFailure;
  }

  /** Starts to write to {@code output}, which {@link #close} closes. */
  static ReadAhead to(AudioOutput output, PcmFormat format, Runnable onFailure) {
    long bytesPerSecond = (long) format.sampleRateHz() * format.bytesPerSampleFrame();
    long maxBytes =
        Math.min(
            Math.min(MAX_BYTES, Runtime.getRuntime().maxMemory() / HEAP_PARTS),
            MAX_SECONDS * bytesPerSecond);
    return to(output, maxBytes, onFailure);
  }

  /** Starts to write to {@code output}; at most {@code maxBytes} bytes wait. */
  static ReadAhead to(AudioOutput output, long maxBytes, Runnable onFailure) {
    ReadAhead readAhead = new ReadAhead(output, maxBytes, onFailure);
    Thread thread = new Thread(readAhead::writeAll, "lavalier-output");
    thread.setDaemon(true); // a reader that does not read must not keep the JVM
    thread.start();
    return readAhead;
  }

  /** Copies the samples. Waits while the queue is full; a single large write always fits. */
  @Override
  public synchronized void write(Samples samples, long captureTimeUnixNanos) throws IOException {
    int length = samples.byteCount();
    awaitUntil(() -> failure != null || waitingBytes == 0 || waitingBytes + length <= maxBytes);
    throwFailure();
    waiting.add(new Chunk(samples.copy(), captureTimeUnixNanos));
    waitingBytes += length;
    notifyAll();
  }

  /** Waits under the lock of this object. */
  private void awaitUntil(BooleanSupplier condition) throws InterruptedIOException {
    try {
      while (!condition.getAsBoolean()) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private synchronized void throwFailure() throws IOException {
    if (failure != null) {
      throw new IOException(failure.getMessage(), failure);
    }
  }

  /** Waits until everything is written. */
  @Override
  public void close() throws IOException {
    try (output) {
      awaitEnd();
    }
    throwFailure();
  }

  private synchronized void awaitEnd() throws InterruptedIOException {
    ended = true;
    notifyAll();
    awaitUntil(() -> failure != null || (waiting.isEmpty() && !writing));
  }

  private void writeAll() {
    try {
      Chunk next;
      while ((next = next()) != null) {
        output.write(next.samples(), next.captureTimeUnixNanos());
        written(next.samples().byteCount());
      }
    } catch (IOException e) {
      fail(e);
      onFailure.run();
    }
  }

  /** Waits for the next samples; null at the end. */
  private synchronized @Nullable Chunk next() throws InterruptedIOException {
    awaitUntil(() -> ended || !waiting.isEmpty());
    writing = !waiting.isEmpty();
    return waiting.poll();
  }

  private synchronized void written(int length) {
    waitingBytes -= length;
    writing = false;
    notifyAll();
  }

  private synchronized void fail(IOException e) {
    failure = e;
    notifyAll();
  }
}
