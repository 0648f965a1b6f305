package dev.lavalier.capture.javasound;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.Devices;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import java.util.List;
import java.util.concurrent.ExecutorService;
import javax.sound.sampled.Mixer;

/** A sound system whose devices get their ids as those of the real one. */
public abstract class SimulatedSoundSystem implements SoundSystem {

  @Override
  public abstract List<Mixer.Info> mixers();

  @Override
  public abstract List<SupportedFormat> formats(Mixer.Info mixer);

  @Override
  public abstract Capture open(Mixer.Info mixer, DeviceDescriptor device) throws StreamException;

  /**
   * Returns the devices of this sound system.
   *
   * @param registry runs the polls
   */
  public Devices devices(LineSettings settings, ExecutorService registry) {
    return new JavaSoundDevices(settings, this, registry);
  }
}
