package dev.lavalier.testing;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.TargetDataLine;

/** A line with a {@link ScriptedMixerProvider.ScriptedStream} laid over it. */
final class ScriptedLine implements InvocationHandler {

  private static final long HANG_POLL_NANOS = 1_000_000;

  private final ScriptedMixerProvider.Script script;
  private final TargetDataLine healthy;
  private boolean dropping; // the reading thread alone

  ScriptedLine(ScriptedMixerProvider.Script script, TargetDataLine healthy) {
    this.script = script;
    this.healthy = healthy;
  }

  @Override
  public Object invoke(Object self, Method method, Object[] args) throws Throwable {
    return switch (method.getName()) {
      case "open" -> open(method, args);
      case "close" -> close();
      case "read" -> read((byte[]) args[0], (int) args[1], (int) args[2]);
      case "available" -> available();
      default -> ScriptedMixerProvider.call(healthy, method, args);
    };
  }

  private Object open(Method method, Object[] args) throws Throwable {
    script.attempts.incrementAndGet();
    while (script.hangsInOpen) {
      LockSupport.parkNanos(HANG_POLL_NANOS);
    }
    if (script.busy) {
      throw new LineUnavailableException("line with format " + args[0] + " not supported.");
    }
    ScriptedMixerProvider.call(healthy, method, args);
    script.open.incrementAndGet();
    return null;
  }

  private Object close() {
    while (script.hangsInClose) {
      LockSupport.parkNanos(HANG_POLL_NANOS);
    }
    if (healthy.isOpen()) {
      script.open.decrementAndGet();
    }
    healthy.close();
    return null;
  }

  private int available() {
    script.availableCalls.incrementAndGet();
    if (script.readsNothing) {
      return healthy.getBufferSize();
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
      byte[] lost = new byte[healthy.getBufferSize()];
      int now;
      while ((now = healthy.available()) > 0) {
        healthy.read(lost, 0, now);
      }
    }
    return healthy.available();
  }

  private int read(byte[] to, int offset, int length) {
    if (script.throwsOnRead) {
      throw new IllegalStateException("the driver is upset");
    }
    if (script.readsNothing) {
      return 0;
    }
    while (script.stalls && healthy.isRunning()) {
      LockSupport.parkNanos(HANG_POLL_NANOS);
    }
    int wanted = script.readsHalf ? length / 2 : length;
    int read = healthy.read(to, offset, wanted);
    if (script.silent) {
      Arrays.fill(to, offset, offset + read, (byte) 0);
    }
    return read;
  }
}
