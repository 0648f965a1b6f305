package dev.lavalier.testing;

import dev.lavalier.capture.javasound.TestLines;
import dev.lavalier.common.TimeSource;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import javax.sound.sampled.spi.MixerProvider;

/**
 * Devices that misbehave on demand, found by the sound system as any driver's are. Each is the test
 * tone with a {@link ScriptedStream} laid over its line.
 */
public final class ScriptedMixerProvider extends MixerProvider {

  private static final List<Info> PLUGGED = new CopyOnWriteArrayList<>();

  /** For the sound system. */
  public ScriptedMixerProvider() {}

  /** What a device does wrong. The test sets the fields at any time. */
  public static final class Script implements AutoCloseable {
    private final String name;
    final TimeSource timeSource;
    final SkewedTimeSource deviceTime;
    private volatile Info info;

    /** Somebody else has the device: it refuses to open. */
    public volatile boolean busy;

    /** Somebody else has the device, and the sound system lists nothing that it could give. */
    public volatile boolean listsNoFormat;

    /** The one format that it offers from its next plugging on; null: any. */
    public volatile String listsOnly;

    /** Every read gives nothing, at once and for ever, as ALSA does after an unplugging. */
    public volatile boolean readsNothing;

    /** The next read gives half of what was asked for. */
    public volatile boolean readsHalf;

    /** Every read throws. */
    public volatile boolean throwsOnRead;

    /** No audio comes, and a read blocks until the line is stopped, as on macOS. */
    public volatile boolean stalls;

    /** It gives zeros. */
    public volatile boolean silent;

    /** It gives nothing until this moment of the ticker, and loses what it would have given. */
    public volatile long dropsUntil;

    /** Opening does not return, for as long as this is set. */
    public volatile boolean hangsInOpen;

    /** Closing does not return, for as long as this is set. */
    public volatile boolean hangsInClose;

    /** Calls that hang now. */
    final AtomicInteger hangingCalls = new AtomicInteger();

    /** Lines open now. */
    public final AtomicInteger open = new AtomicInteger();

    /** How often it was asked what there is to read. */
    public final AtomicInteger availableCalls = new AtomicInteger();

    /** How often it was tried to open it. */
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

    /** Has the device's clock run so much too fast; before it is opened. */
    public void setClockDrift(double ppm) {
      deviceTime.ppm = ppm;
    }

    /** Takes the device away from the sound system's list. */
    public void unplug() {
      PLUGGED.remove(info);
    }

    /** Puts it back: as a new mixer of the same name. */
    public void plug() {
      info = new Info(name, this);
      PLUGGED.add(info);
    }

    /** Ends whatever hangs, and takes the device away. */
    @Override
    public void close() {
      hangsInOpen = false;
      hangsInClose = false;
      stalls = false;
      unplug();
    }
  }

  /** Adds a device that behaves, as yet. */
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
      throw new IllegalArgumentException("not ours: " + wanted);
    }
    Script script = info.script;
    return proxy(
        Mixer.class,
        (self, method, args) ->
            switch (method.getName()) {
              case "getMixerInfo" -> info;
              case "getTargetLineInfo" ->
                  script.listsNoFormat
                      ? new Line.Info[0]
                      : script.listsOnly != null
                          ? TestLines.onlyFormat(script.listsOnly)
                          : TestLines.anyFormat();
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
