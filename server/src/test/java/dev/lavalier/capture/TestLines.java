package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.TimeSource;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.DataLine;
import javax.sound.sampled.Line;
import javax.sound.sampled.Mixer;
import javax.sound.sampled.TargetDataLine;

/** Lines of our own kind, for test support in other packages. */
public final class TestLines {

  private TestLines() {}

  /** Returns a mixer whose lines give the tone, by {@code timeSource}'s time. */
  public static Mixer toneMixer(TimeSource timeSource) {
    return new VirtualMixer(new VirtualMixerProvider.Info(new ToneDevice(), timeSource));
  }

  /** Returns what a mixer says of its lines that can be had in one format alone. */
  public static Line.Info[] lineInfo(String format) {
    AudioFormat[] formats = {JavaSoundFormats.toJavaSound(PcmFormat.parse(format))};
    return new Line.Info[] {
      new DataLine.Info(
          TargetDataLine.class, formats, AudioSystem.NOT_SPECIFIED, AudioSystem.NOT_SPECIFIED)
    };
  }
}
