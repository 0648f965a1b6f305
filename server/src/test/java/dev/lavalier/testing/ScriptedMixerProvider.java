package dev.lavalier.testing;

import dev.lavalier.audio.Ticker;
import dev.lavalier.capture.TestLines;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sound.sampled.LineUnavailableException;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import javax.sound.sampled.spi.MixerProvider;

/**
 * Devices that misbehave on demand, found by the sound system as any driver's are. Each is the test
 * tone with a {@link Script} laid over its line.
 */
public final class ScriptedMixerProvider extends MixerProvider {

  private static final List<Script> SCRIPTS = new CopyOnWriteArrayList<>();

  /** For the sound system. */
  public ScriptedMixerProvider() {}

  /** What a device does wrong. The test sets the fields at any time. */
  public static final class Script implements AutoCloseable {
    private final Info info;
    private final Mixer healthy;

    /** Somebody else has the device: it refuses to open. */
    public volatile boolean busy;

    /** Every read gives nothing, at once and for ever, as ALSA does after an unplugging. */
    public volatile boolean readsNothing;

    /** Lines open now. */
    public final AtomicInteger open = new AtomicInteger();

    private Script(String name, Ticker ticker) {
      this.info = new Info(name, this);
      this.healthy = TestLines.toneMixer(ticker);
    }

    /** Returns the device's name, which is its id. */
    public String name() {
      return info.getName();
    }

    /** Takes the device away from the sound system. */
    @Override
    public void close() {
      SCRIPTS.remove(this);
    }
  }

  /** Adds a device that behaves, as yet. */
  public static Script add(String name, Ticker ticker) {
    Script script = new Script(name, ticker);
    SCRIPTS.add(script);
    return script;
  }

  @Override
  public Mixer.Info[] getMixerInfo() {
    return SCRIPTS.stream().map(s -> s.info).toArray(Mixer.Info[]::new);
  }

  @Override
  public Mixer getMixer(Mixer.Info wanted) {
    if (!(wanted instanceof Info info)) {
      throw new IllegalArgumentException("not ours: " + wanted);
    }
    Script script = info.script;
    return proxy(
        Mixer.class,
        (self, method, args) ->
            switch (method.getName()) {
              case "getMixerInfo" -> info;
              case "getLine" -> line(script, (TargetDataLine) call(script.healthy, method, args));
              default -> call(script.healthy, method, args);
            });
  }

  private static TargetDataLine line(Script script, TargetDataLine healthy) {
    return proxy(
        TargetDataLine.class,
        (self, method, args) ->
            switch (method.getName()) {
              case "open" -> open(script, healthy, method, args);
              case "close" -> close(script, healthy);
              case "read" -> script.readsNothing ? 0 : call(healthy, method, args);
              case "available" ->
                  script.readsNothing ? healthy.getBufferSize() : call(healthy, method, args);
              default -> call(healthy, method, args);
            });
  }

  private static Object open(Script script, TargetDataLine healthy, Method method, Object[] args)
      throws Throwable {
    if (script.busy) {
      throw new LineUnavailableException("line with format " + args[0] + " not supported.");
    }
    script.open.incrementAndGet();
    return call(healthy, method, args);
  }

  private static Object close(Script script, TargetDataLine healthy) {
    if (healthy.isOpen()) {
      script.open.decrementAndGet();
    }
    healthy.close();
    return null;
  }

  private static Object call(Object target, Method method, Object[] args) throws Throwable {
    try {
      return method.invoke(target, args);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static final class Info extends Mixer.Info {
    private final Script script;

    Info(String name, Script script) {
      super(name, "Unknown Vendor", "a device that a test scripts", "1");
      this.script = script;
    }
  }
}
