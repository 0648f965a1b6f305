package dev.lavalier.capture;

import dev.lavalier.audio.Ticker;
import javax.sound.sampled.Mixer;

/** Lines of our own kind, for test support in other packages. */
public final class TestLines {

  private TestLines() {}

  /** Returns a mixer whose lines give the tone, by {@code ticker}'s time. */
  public static Mixer toneMixer(Ticker ticker) {
    return new VirtualMixer(new VirtualMixerProvider.Info(new ToneDevice(), ticker));
  }
}
