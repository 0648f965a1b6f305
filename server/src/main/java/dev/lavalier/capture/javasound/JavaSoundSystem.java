package dev.lavalier.capture.javasound;

import dev.lavalier.capture.Capture;
import dev.lavalier.capture.DeviceDescriptor;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.line.AudioLine;
import dev.lavalier.capture.line.LineCapture;
import dev.lavalier.capture.line.LineSettings;
import dev.lavalier.common.StreamException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The sound system of this machine. */
final class JavaSoundSystem implements SoundSystem {

  private static final Logger log = LoggerFactory.getLogger(JavaSoundSystem.class);

  private final LineSettings settings;
  private final Set<String> reported = ConcurrentHashMap.newKeySet(); // warnings, once each

  JavaSoundSystem(LineSettings settings) {
    this.settings = settings;
  }

  @Override
  public List<Mixer.Info> mixers() {
    return List.of(AudioSystem.getMixerInfo());
  }

  @Override
  public List<SupportedFormat> formats(Mixer.Info mixer) {
    try {
      return Arrays.stream(AudioSystem.getMixer(mixer).getTargetLineInfo())
          .filter(line -> line.getLineClass() == TargetDataLine.class)
          .filter(DataLine.Info.class::isInstance)
          .flatMap(line -> Arrays.stream(((DataLine.Info) line).getFormats()))
          .flatMap(format -> JavaSoundFormats.supported(format).stream())
          .distinct()
          .toList();
    } catch (IllegalArgumentException e) {
      return List.of(); // removed since the mixers were listed
    }
  }

  @Override
  public Capture open(Mixer.Info mixer, DeviceDescriptor device) throws StreamException {
    AudioLine line = JavaSoundLine.open(mixer, device, settings.buffer());
    AlsaRates.openWarning(AlsaRates.PROC, mixer.getName(), device.id(), line.format())
        .filter(reported::add)
        .ifPresent(log::warn);
    return new LineCapture(device, line, settings.period(), settings.timeSource());
  }
}
