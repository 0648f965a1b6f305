package dev.lavalier.app;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import dev.lavalier.common.LogText;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The two forms of a log line. A line can contain text from outside that nobody has sanitized, such
 * as the name of a device or the message of an exception. In both forms, such text can neither end
 * its line nor change how it is displayed.
 */
final class LogEncoders {

  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} %safeMessage%n%safeException{5}";

  private LogEncoders() {}

  static Encoder<ILoggingEvent> text(LoggerContext context) {
    PatternLayout layout = new PatternLayout();
    layout.setContext(context);
    layout.getInstanceConverterMap().put("safeMessage", SafeMessage::new);
    layout.getInstanceConverterMap().put("safeException", SafeException::new);
    layout.setPattern(PATTERN);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setLayout(layout);
    encoder.start();
    return encoder;
  }

  static Encoder<ILoggingEvent> json(LoggerContext context) {
    JsonEncoder encoder = new SafeJson();
    encoder.setContext(context);
    encoder.setWithSequenceNumber(false);
    encoder.setWithContext(false);
    encoder.setWithMarkers(false);
    encoder.setWithMDC(false);
    encoder.setWithMessage(false);
    encoder.setWithFormattedMessage(true);
    encoder.setWithArguments(false);
    encoder.start();
    return encoder;
  }

  private static final class SafeMessage extends MessageConverter {
    @Override
    public String convert(ILoggingEvent event) {
      return LogText.sanitize(super.convert(event));
    }
  }

  /** A stack trace has several lines. Its messages have no line breaks of their own. */
  private static final class SafeException extends ThrowableProxyConverter {

    private static final Pattern FRAME = Pattern.compile("at |\\.\\.\\. ");
    private static final Pattern TRACE_LINE = Pattern.compile(FRAME + "|Caused by: |Suppressed: ");

    @Override
    protected String throwableProxyToString(IThrowableProxy exception) {
      String lineEnd = System.lineSeparator();
      StringBuilder trace = new StringBuilder();
      for (String line : super.throwableProxyToString(exception).split(lineEnd, -1)) {
        String text = line.stripLeading();
        if (text.isEmpty()) {
          continue;
        }
        if (!trace.isEmpty()) {
          trace.append(TRACE_LINE.matcher(text).lookingAt() ? lineEnd : "?");
        }
        trace.append(FRAME.matcher(text).lookingAt() ? "\t" : "").append(LogText.sanitize(text));
      }
      return trace.append(lineEnd).toString();
    }
  }

  /** The encoder of logback escapes only the control characters of ASCII. */
  private static final class SafeJson extends JsonEncoder {
    @Override
    public byte[] encode(ILoggingEvent event) {
      String line = new String(super.encode(event), StandardCharsets.UTF_8);
      return LogText.escapeNonAscii(line).getBytes(StandardCharsets.UTF_8);
    }
  }
}
