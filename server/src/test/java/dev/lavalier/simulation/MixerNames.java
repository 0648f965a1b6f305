package dev.lavalier.simulation;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sound.sampled.Mixer;

/** How a sound system names its mixers, and when it creates them anew. */
enum MixerNames {
  /** Names are unique. All mixers are new when a device is plugged in or removed. */
  ALSA,
  /** Equal devices have equal names. All mixers are new, in the same order. */
  NEW_MIXERS,
  /** Equal devices have equal names. A device keeps its mixer while it is plugged in. */
  SAME_MIXERS;

  /** Returns the id that the only device of a model gets. */
  String idOf(String model) {
    return this == ALSA ? model + ",0" : model + " (Maker)";
  }

  /** Returns a free name for the card of a device that is plugged in. */
  String cardOf(SimulatedDevice device, List<SimulatedDevice> all) {
    Set<String> used =
        all.stream()
            .filter(each -> each != device && each.plugged)
            .map(each -> each.card)
            .collect(Collectors.toSet());
    String card = device.model;
    for (int n = 1; used.contains(card); n++) {
      card = "%s_%X".formatted(device.model, n);
    }
    return card;
  }

  /** Creates a mixer of a device that is plugged in. */
  Mixer.Info newMixer(SimulatedDevice device, List<SimulatedDevice> all) {
    String name =
        this == ALSA
            ? "%s [plughw:%d,0]".formatted(device.card, all.indexOf(device))
            : device.model;
    return new Mixer.Info(name, "Maker", device.model + " of a maker", "1") {};
  }
}
