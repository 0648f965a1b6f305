package dev.lavalier.client.pipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.FileDescriptor;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Tests the watch with real pipes. */
final class PipeWatchTest {

  private final CountDownLatch readerLeft = new CountDownLatch(1);
  private FileDescriptor reader;
  private FileDescriptor writer;

  @BeforeEach
  void createPipe() throws Exception {
    assumeTrue(Epoll.isAvailable(), "this system has no epoll");
    FileDescriptor[] pipe = FileDescriptor.pipe();
    reader = pipe[0];
    writer = pipe[1];
  }

  @AfterEach
  void closePipe() throws Exception {
    if (writer != null) {
      reader.close();
      writer.close();
    }
  }

  @Test
  void readerThatClosesThePipeIsReported() throws Exception {
    try (PipeWatch watch = PipeWatch.start(writer.intValue(), readerLeft::countDown)) {
      assertThat(watch).isNotNull();
      writer.write(ByteBuffer.allocateDirect(10), 0, 10); // not read: this is no report
      assertThat(readerLeft.getCount()).isEqualTo(1);
      reader.close();
      assertThat(readerLeft.await(20, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(writer.isOpen()).isTrue();
  }

  @Test
  void readerThatHasLeftBeforeIsReported() throws Exception {
    reader.close();
    try (PipeWatch watch = PipeWatch.start(writer.intValue(), readerLeft::countDown)) {
      assertThat(watch).isNotNull();
      assertThat(readerLeft.await(20, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void pipeIsUsableAfterTheWatch() throws Exception {
    PipeWatch.start(writer.intValue(), readerLeft::countDown).close();
    ByteBuffer received = ByteBuffer.allocateDirect(3);
    assertThat(writer.write(ByteBuffer.allocateDirect(3), 0, 3)).isEqualTo(3);
    assertThat(reader.read(received, 0, 3)).isEqualTo(3);
  }
}
