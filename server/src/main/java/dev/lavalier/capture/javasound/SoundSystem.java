package dev.lavalier.capture.javasound;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.common.StreamException;
import java.util.List;
import javax.sound.sampled.Mixer;

/**
 * The calls into the sound system. Each may block for ever. Safe for use from any thread. A test
 * can replace them.
 */
interface SoundSystem {

  /** Returns all mixers, its default first. They are new if a device was plugged in or removed. */
  List<Mixer.Info> mixers();

  /** Returns the formats that a mixer lists now; none if it is in use, or cannot capture. */
  List<SupportedFormat> formats(Mixer.Info mixer);

  /**
   * Opens the device of a mixer in its capture format.
   *
   * @return the open device, not started
   * @throws StreamException DEVICE_LOST if the mixer is not valid any more, DEVICE_BUSY if the
   *     device does not open
   */
  Capture open(Mixer.Info mixer, DeviceDescriptor device) throws StreamException;
}
