package dev.lavalier.testing;

import dev.lavalier.capture.javasound.TestLines;
import dev.lavalier.capture.line.AudioLine;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.LineUnavailableException;

/**
 * A {@code TargetDataLine} that plays the tone, with the faults of a {@link
 * ScriptedMixerProvider.Script}. It implements the methods that the code under test calls. All
 * other methods throw {@link UnsupportedOperationException}.
 */
final class ScriptedLine implements InvocationHandler {

  private static final long HANG_POLL_NANOS = 1_000_000;

  private final ScriptedMixerProvider.Script script;
  private final AudioFormat format;
  private volatile AudioLine tone; // null: not open
  private volatile boolean running;
  private boolean dropping; // used only by the reading thread

  ScriptedLine(ScriptedMixerProvider.Script script, AudioFormat format) {
    this.script = script;
    this.format = format;
  }

  @Override
  public Object invoke(Object self, Method method, Object[] args) throws Throwable {
    return switch (method.getName()) {
      case "open" -> open((AudioFormat) args[0], (int) args[1]);
      case "start" -> start();
      case "getBufferSize" -> tone.bufferSamples() * format.getFrameSize();
      case "available" -> available();
      case "read" -> read((byte[]) args[0], (int) args[1], (int) args[2]);
      case "stop" -> stop();
      case "close" -> close();
      default -> throw new UnsupportedOperationException(method.getName());
    };
  }

  private Object open(AudioFormat wanted, int bufferBytes) throws LineUnavailableException {
    script.attempts.incrementAndGet();
    hangWhile(() -> script.hangsInOpen);
    if (script.busy) {
      throw new LineUnavailableException("line with format " + wanted + " not supported.");
    }
    tone = TestLines.openTone(wanted, bufferBytes, script.deviceTime);
    script.open.incrementAndGet();
    return null;
  }

  private void hangWhile(BooleanSupplier hangs) {
    script.hangingCalls.incrementAndGet();
    while (hangs.getAsBoolean()) {
      LockSupport.parkNanos(HANG_POLL_NANOS);
    }
    script.hangingCalls.decrementAndGet();
  }

  private Object start() {
    running = true;
    tone.start();
    return null;
  }

  private Object stop() {
    running = false;
    tone.stop();
    return null;
  }

  private Object close() {
    hangWhile(() -> script.hangsInClose);
    AudioLine open = tone;
    if (open != null) {
      tone = null;
      running = false;
      open.close();
      script.open.decrementAndGet();
    }
    return null;
  }

  private int available() throws IOException {
    script.availableCalls.incrementAndGet();
    AudioLine open = tone;
    if (open == null) {
      return 0;
    }
    if (script.readsNothing) {
      return open.bufferSamples() * format.getFrameSize();
    }
    if (script.stalls) {
      return 0;
    }
    if (script.timeSource.nanoTime() < script.dropsUntil) {
      dropping = true;
      return 0;
    }
    if (dropping) {
      dropping = false;
      int lost;
      while ((lost = open.available()) > 0) {
        open.read(new byte[lost * format.getFrameSize()]);
      }
    }
    return open.available() * format.getFrameSize();
  }

  private int read(byte[] to, int offset, int length) throws IOException {
    if (script.throwsOnRead) {
      throw new IllegalStateException("driver failure");
    }
    if (script.readsNothing) {
      return 0;
    }
    while (script.stalls && running) {
      LockSupport.parkNanos(HANG_POLL_NANOS);
    }
    AudioLine open = tone;
    if (open == null) {
      return 0;
    }
    byte[] samples = new byte[script.readsHalf ? length / 2 : length];
    int read = open.read(samples) * format.getFrameSize();
    if (script.silent) {
      Arrays.fill(samples, (byte) 0);
    }
    System.arraycopy(samples, 0, to, offset, read);
    return read;
  }
}
