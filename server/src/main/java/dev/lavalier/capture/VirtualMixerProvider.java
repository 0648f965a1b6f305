package dev.lavalier.capture;

import dev.lavalier.audio.TimeSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.spi.MixerProvider;

/**
 * Makes virtual devices mixers of the sound system. The sound system finds it through
 * META-INF/services and makes a new one at every call, which is why the devices are static: the one
 * place where this project keeps static state.
 *
 * <p>Safe for use from any thread.
 */
public final class VirtualMixerProvider extends MixerProvider {

  private static final List<Info> DEVICES = new CopyOnWriteArrayList<>();

  /** For the sound system. */
  public VirtualMixerProvider() {}

  /** Adds a device whose lines run by {@code timeSource}'s time. */
  static Info register(VirtualDevice device, TimeSource timeSource) {
    Info info = new Info(device, timeSource);
    DEVICES.add(info);
    return info;
  }

  /** Takes it away. Its open lines go on. */
  static void unregister(Info info) {
    DEVICES.remove(info);
  }

  @Override
  public Mixer.Info[] getMixerInfo() {
    return DEVICES.toArray(Mixer.Info[]::new);
  }

  @Override
  public Mixer getMixer(Mixer.Info info) {
    if (info instanceof Info virtualInfo && DEVICES.contains(virtualInfo)) {
      return new VirtualMixer(virtualInfo);
    }
    throw new IllegalArgumentException("mixer: " + info + " (expected: one of ours)");
  }

  /** A virtual device's entry. Equal to itself alone, as every {@code Mixer.Info}. */
  static final class Info extends Mixer.Info {
    private final VirtualDevice device;
    private final TimeSource timeSource;

    Info(VirtualDevice device, TimeSource timeSource) {
      super(device.name(), "Lavalier", device.description(), "1");
      this.device = device;
      this.timeSource = timeSource;
    }

    VirtualDevice device() {
      return device;
    }

    TimeSource timeSource() {
      return timeSource;
    }
  }
}
