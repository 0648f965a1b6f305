package dev.lavalier.app;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;

/** Tests which lines each of the two logs gets, and in which form. */
final class LoggingTest {

  private static final int CAPACITY = 1 << 20;

  private final LoggerContext context = new LoggerContext();
  private final ByteArrayOutputStream log = new ByteArrayOutputStream();
  private final ByteArrayOutputStream audit = new ByteArrayOutputStream();
  private final LogWriter logWriter = new LogWriter("test-log", log, CAPACITY, 0, lost -> {});
  private final LogWriter auditWriter = new LogWriter("test-audit", audit, CAPACITY, 0, lost -> {});

  private void configure(Level level, boolean json) {
    Logging.configure(context, level, json, logWriter, auditWriter);
  }

  private List<String> lines(LogWriter writer, ByteArrayOutputStream out) throws Exception {
    assertThat(writer.flush(Duration.ofSeconds(10))).isTrue();
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  /** These loggers write every header and every byte that a peer sends. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "io.grpc.netty.NettyServerHandler",
        "io.netty.handler.codec.http2.Http2FrameLogger",
        "io.netty.handler.logging.LoggingHandler",
        "io.grpc.internal.ServerImpl"
      })
  void traceDoesNotLogWhatPeersSend(String name) {
    configure(Level.TRACE, false);
    Logger logger = context.getLogger(name);
    assertThat(logger.isTraceEnabled()).isFalse();
    assertThat(logger.isDebugEnabled()).isFalse();
    assertThat(context.getLogger("dev.lavalier.hub.Hub").isTraceEnabled()).isTrue();
  }

  /** A peer that does not read would cause a line for each of its connections. */
  @Test
  void warningsAboutPeersOfTlsAreNotLogged() {
    configure(Level.INFO, false);
    assertThat(context.getLogger("io.netty.handler.ssl.SslHandler").isWarnEnabled()).isFalse();
    assertThat(context.getLogger("io.netty.handler.ssl.SslHandler").isErrorEnabled()).isTrue();
  }

  @Test
  void auditLinesGoOnlyToTheirOwnWriterAtEveryLevel() throws Exception {
    configure(Level.ERROR, false);
    context.getLogger("lavalier.audit").info("microphone on");
    context.getLogger("dev.lavalier.hub.Hub").error("failed");
    context.getLogger("dev.lavalier.hub.Hub").warn("not logged");
    assertThat(lines(auditWriter, audit))
        .singleElement()
        .asString()
        .matches("\\d{4}-\\d\\d-\\d\\dT\\S+ INFO  audit microphone on");
    assertThat(lines(logWriter, log)).singleElement().asString().endsWith(" ERROR Hub failed");
  }

  @Test
  void jsonLineHasFieldsOfAuditLine() throws Exception {
    configure(Level.INFO, true);
    context.getLogger("lavalier.audit").atInfo().addKeyValue("event", "microphone on").log("text");
    assertThat(lines(auditWriter, audit))
        .singleElement()
        .asString()
        .startsWith("{")
        .contains("\"formattedMessage\":\"text\"", "{\"event\":\"microphone on\"}");
  }

  @Test
  void textFromOutsideCannotForgeOrHideLine() throws Exception {
    configure(Level.INFO, false);
    String name = "mic\r\n2026-01-01T00:00:00Z INFO  audit forged\u0085\u2028\u202e\u001b";
    Exception cause = new IllegalStateException(name);
    context.getLogger("Test").warn("{}: lost", name, new IllegalArgumentException("a\nb", cause));
    List<String> written = lines(logWriter, log);
    String safe = "mic??2026-01-01T00:00:00Z INFO  audit forged????";
    assertThat(written.get(0)).endsWith(" WARN  Test " + safe + ": lost");
    assertThat(written.get(1)).isEqualTo("java.lang.IllegalArgumentException: a?b");
    assertThat(written.get(2)).startsWith("\tat dev.lavalier.app.LoggingTest.");
    assertThat(written)
        .filteredOn(line -> line.startsWith("Caused by: "))
        .singleElement()
        .asString()
        .startsWith("Caused by: java.lang.IllegalStateException: mic??2026")
        .endsWith("forged????");
    assertThat(written).filteredOn(line -> line.startsWith("2026")).hasSize(1);
  }

  @Test
  void jsonLineHasEscapes() throws Exception {
    configure(Level.INFO, true);
    context.getLogger("Test").atInfo().addKeyValue("device", "a\u2028b").log("a\u0085\nb");
    assertThat(lines(logWriter, log))
        .singleElement()
        .asString()
        .contains("\"formattedMessage\":\"a\\u0085\\nb\"", "{\"device\":\"a\\u2028b\"}");
  }
}
