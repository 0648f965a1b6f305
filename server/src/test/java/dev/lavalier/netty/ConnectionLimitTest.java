package dev.lavalier.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.testing.LogEvents;
import dev.lavalier.testing.ManualTimeSource;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tests what a listener does if the system gives it no connection. */
final class ConnectionLimitTest {

  @RegisterExtension final LogEvents log = LogEvents.of("dev.lavalier");

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final EmbeddedChannel listener =
      new EmbeddedChannel(
          new ConnectionLimit(1, new RejectionLog(timeSource)).acceptor(connection -> {}));

  private void failToAccept() {
    listener
        .pipeline()
        .fireExceptionCaught(
            new IOException("accept(..) failed with error(-24): Too many open files"));
  }

  @Test
  void failuresToAcceptAreOneLineAMinute() {
    for (int i = 0; i < 60; i++) {
      failToAccept();
    }
    listener.checkException(); // none has reached the end of the pipeline, where netty logs it
    assertThat(log.messages())
        .containsExactly(
            "cannot accept a connection: accept(..) failed with error(-24): Too many open files");
    timeSource.advance(Duration.ofMinutes(1));
    assertThat(log.messages())
        .hasSize(2)
        .last()
        .isEqualTo("could not accept a connection 59 more times within 60 s");
  }

  @Test
  void defectIsLeftToNettysLog() {
    IllegalStateException defect = new IllegalStateException("a defect");
    listener.pipeline().fireExceptionCaught(defect);
    assertThatThrownBy(listener::checkException).isSameAs(defect);
    assertThat(log.messages()).isEmpty();
  }

  @Test
  void listenerWaitsASecondBeforeItAcceptsAgain() {
    listener.freezeTime();
    failToAccept();
    failToAccept();
    assertThat(listener.config().isAutoRead()).isFalse();
    listener.advanceTimeBy(999, TimeUnit.MILLISECONDS);
    listener.runScheduledPendingTasks();
    assertThat(listener.config().isAutoRead()).isFalse();
    listener.advanceTimeBy(1, TimeUnit.MILLISECONDS);
    listener.runScheduledPendingTasks();
    assertThat(listener.config().isAutoRead()).isTrue();
    listener.checkException();
  }
}
