package dev.lavalier.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class LoggingTest {

  private static LogRecord record(String message) {
    LogRecord record = new LogRecord(Level.WARNING, message);
    record.setLoggerName("io.netty.Loop");
    return record;
  }

  @Test
  void messageIsOneLineThatCannotControlTerminal() {
    assertThat(new Logging.Lines().format(record("late\n\u001b[2J")))
        .matches("\\d{4}-\\d\\d-\\d\\dT\\S+ WARNING Loop late\\\\u000a\\\\u001b\\[2J\n");
  }

  @Test
  void stackTraceIsShort() {
    LogRecord record = record("failed");
    Throwable deep = new IllegalStateException("no");
    deep.setStackTrace(
        IntStream.range(0, 50)
            .mapToObj(n -> new StackTraceElement("a.B", "m" + n, "B.java", n))
            .toArray(StackTraceElement[]::new));
    record.setThrown(deep);
    assertThat(new Logging.Lines().format(record).lines())
        .hasSize(7)
        .element(1)
        .isEqualTo("java.lang.IllegalStateException: no");
  }
}
