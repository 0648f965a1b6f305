package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class ReadAheadTest {

  private static final int TIMEOUT_SECONDS = 20;

  /** A reader that loads first: it takes nothing until it is ready. */
  private static final class SlowReader extends OutputStream {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final CountDownLatch blocked = new CountDownLatch(1);
    private final CountDownLatch ready = new CountDownLatch(1);

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      blocked.countDown();
      try {
        if (!ready.await(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("never ready");
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      taken.write(from, offset, length);
    }
  }

  private static ByteBuffer bytes(int from, int count) {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    for (int i = 0; i < count; i++) {
      bytes.put((byte) (from + i));
    }
    return bytes.flip();
  }

  @Test
  void writerDoesNotWaitForReaderThatLoads() throws Exception {
    SlowReader reader = new SlowReader();
    try (ReadAhead output = ReadAhead.to(new StreamOutput(reader), 100, () -> {})) {
      ByteBuffer reused = bytes(0, 10);
      for (int i = 0; i < 10; i++) { // would wait for ever without the queue
        output.write(Samples.pcm(reused.rewind(), 1), 0);
      }
      reused.put(0, (byte) 99); // the queue has copies
      reader.ready.countDown();
    }
    assertThat(reader.taken.size()).isEqualTo(100);
    assertThat(reader.taken.toByteArray()).doesNotContain(99);
  }

  @Test
  void writerWaitsWhileQueueIsFull() throws Exception {
    SlowReader reader = new SlowReader();
    ReadAhead output = ReadAhead.to(new StreamOutput(reader), 20, () -> {});
    output.write(Samples.pcm(bytes(0, 20), 1), 0);
    reader.blocked.await();
    Thread writer =
        new Thread(
            () -> {
              try {
                output.write(Samples.pcm(bytes(20, 20), 1), 0);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    writer.start();
    while (writer.getState() != Thread.State.WAITING) {
      assertThat(writer.isAlive()).as("waits for room").isTrue();
      Thread.onSpinWait();
    }
    reader.ready.countDown();
    writer.join();
    output.close();
    assertThat(reader.taken.toByteArray()).isEqualTo(bytes(0, 40).array());
  }

  @Test
  void failureEndsWritersThatWait() throws Exception {
    CompletableFuture<Boolean> failed = new CompletableFuture<>();
    OutputStream full =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("No space left on device");
          }
        };
    ReadAhead output = ReadAhead.to(new StreamOutput(full), 10, () -> failed.complete(true));
    output.write(Samples.pcm(bytes(0, 10), 1), 0);
    assertThat(failed.get(TIMEOUT_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThatThrownBy(() -> output.write(Samples.pcm(bytes(0, 10), 1), 0))
        .hasMessage("No space left on device");
    assertThatThrownBy(output::close).hasMessage("No space left on device");
  }
}
