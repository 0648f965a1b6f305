package dev.lavalier.testing;

import dev.lavalier.capture.javasound.TestLines;
import dev.lavalier.common.TimeSource;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import javax.sound.sampled.spi.MixerProvider;

/**
 * Devices with scripted faults. Java Sound finds them in the same way as the devices of any driver.
 * Each device plays the test tone on a {@link ScriptedLine}.
 */
public final class ScriptedMixerProvider extends MixerProvider {

  private static final List<Info> PLUGGED = new CopyOnWriteArrayList<>();

  /** Called by Java Sound. */
  public ScriptedMixerProvider() {}

  /** The faults of one device. The test sets the fields at any time. */
  public static final class Script implements AutoCloseable {
    private final String name;
    final TimeSource timeSource;
    final SkewedTimeSource deviceTime;
    private volatile Info info;

    /** Another program uses the device: it does not open. */
    public volatile boolean busy;

    /** Another program uses the device, and Java Sound lists no format for it. */
    public volatile boolean listsNoFormat;

    /** Java Sound fails when it is asked for the formats of the device. */
    public volatile boolean throwsOnQuery;

    /** The only format that the device offers after it is plugged in again; null: any format. */
    public volatile String listsOnly;

    /** Each read immediately returns no data, as with ALSA after the device is unplugged. */
    public volatile boolean readsNothing;

    /** The next read returns half of the requested bytes. */
    public volatile boolean readsHalf;

    /** Each read throws an exception. */
    public volatile boolean throwsOnRead;

    /** No audio arrives, and a read blocks until the line is stopped, as on macOS. */
    public volatile boolean stalls;

    /** The device delivers zeros. */
    public volatile boolean silent;

    /** The device delivers nothing until this time of the time source, and loses that audio. */
    public volatile long dropsUntil;

    /** Opening does not return while this is set. */
    public volatile boolean hangsInOpen;

    /** Closing does not return while this is set. */
    public volatile boolean hangsInClose;

    /** Calls that hang now. */
    final AtomicInteger hangingCalls = new AtomicInteger();

    /** Lines open now. */
    public final AtomicInteger open = new AtomicInteger();

    /** Number of calls of {@code available}. */
    public final AtomicInteger availableCalls = new AtomicInteger();

    /** Number of attempts to open the device. */
    public final AtomicInteger attempts = new AtomicInteger();

    private Script(String name, TimeSource timeSource) {
      this.name = name;
      this.timeSource = timeSource;
      this.deviceTime = new SkewedTimeSource(timeSource);
      plug();
    }

    /** Returns the device's name, which is its id. */
    public String name() {
      return name;
    }

    /**
     * Sets how much too fast the device's clock runs, in ppm. Must be called before the device is
     * opened.
     */
    public void setClockDrift(double ppm) {
      deviceTime.ppm = ppm;
    }

    /** Removes the device from Java Sound's list. */
    public void unplug() {
      PLUGGED.remove(info);
    }

    /** Adds the device to the list again, as a new mixer with the same name. */
    public void plug() {
      info = new Info(name, this);
      PLUGGED.add(info);
    }

    /** Waits until the device has {@code count} open lines, for at most 10 s. */
    public void awaitOpenLines(int count) throws TimeoutException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (open.get() != count) {
        if (System.nanoTime() > end) {
          throw new TimeoutException("still " + open + " open lines");
        }
        Thread.onSpinWait();
      }
    }

    private Line.Info[] lines() {
      if (throwsOnQuery) {
        throw new IllegalStateException("the driver failed");
      } else if (listsNoFormat) {
        return new Line.Info[0];
      }
      return listsOnly == null ? TestLines.anyFormat() : TestLines.onlyFormat(listsOnly);
    }

    /** Ends all calls that hang, and removes the device. */
    @Override
    public void close() {
      hangsInOpen = false;
      hangsInClose = false;
      stalls = false;
      unplug();
    }
  }

  /** Adds a device without faults. */
  public static Script add(String name, TimeSource timeSource) {
    return new Script(name, timeSource);
  }

  @Override
  public Mixer.Info[] getMixerInfo() {
    return PLUGGED.toArray(Mixer.Info[]::new);
  }

  @Override
  public Mixer getMixer(Mixer.Info wanted) {
    if (!(wanted instanceof Info info) || !PLUGGED.contains(info)) {
      throw new IllegalArgumentException("mixer of another provider: " + wanted);
    }
    Script script = info.script;
    return proxy(
        Mixer.class,
        (self, method, args) ->
            switch (method.getName()) {
              case "getMixerInfo" -> info;
              case "getTargetLineInfo" -> script.lines();
              case "getLine" ->
                  proxy(
                      TargetDataLine.class,
                      new ScriptedLine(script, ((DataLine.Info) args[0]).getFormats()[0]));
              default -> throw new UnsupportedOperationException(method.getName());
            });
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
