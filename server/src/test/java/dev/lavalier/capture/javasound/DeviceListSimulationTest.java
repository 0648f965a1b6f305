package dev.lavalier.capture.javasound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.javasound.DeviceList.ListedDevice;
import dev.lavalier.capture.javasound.DeviceList.ReportedMixer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import javax.sound.sampled.Mixer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Plugs in, removes, uses and opens devices at random, and checks after each step what the list
 * promises. One seed gives one sequence of steps.
 */
final class DeviceListSimulationTest {

  private static final int SEEDS = 40;
  private static final int STEPS = 250;
  private static final List<SupportedFormat> FORMATS =
      List.of(new SupportedFormat(SampleEncoding.S16LE, 48_000, 2));

  private enum SoundSystem {
    /** Names are unique. All mixers are new when a device is plugged in or removed. */
    ALSA,
    /** Equal devices have equal names. All mixers are new, in the same order. */
    NEW_MIXERS,
    /** Equal devices have equal names. A device keeps its mixer while it is plugged in. */
    SAME_MIXERS
  }

  /** A device that a user can touch. */
  private static final class Physical {
    final String name;
    final boolean hasTwin;
    String card = "";
    int index;
    boolean usedByOthers;
    boolean wasPluggedInAgain; // and is not listed yet
    boolean listsFormats; // of its mixer, since the mixer was created
    Mixer.Info mixer;
    String lastId = "";

    Physical(String name, boolean hasTwin) {
      this.name = name;
      this.hasTwin = hasTwin;
    }
  }

  @ParameterizedTest
  @EnumSource
  void idsDenoteTheSameDevice_andTheDefaultMovesOnlyIfItIsGone(SoundSystem soundSystem) {
    int returned = 0;
    int opened = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Simulation simulation = new Simulation(soundSystem, seed);
      for (int step = 0; step < STEPS; step++) {
        simulation.step();
      }
      returned += simulation.returnedIds;
      opened += simulation.owners.size();
    }
    assertThat(returned).as("devices that got their ids back").isGreaterThan(100);
    assertThat(opened).as("ids that were opened").isGreaterThan(100);
  }

  private static final class Simulation {
    private final SoundSystem soundSystem;
    private final Random random;
    private final List<String> history = new ArrayList<>();
    private final List<Physical> plugged = new ArrayList<>(); // in the order of the sound system
    private final List<Physical> removed = new ArrayList<>();
    private final Set<String> open = new HashSet<>();
    private final DeviceList list =
        new DeviceList(id -> PcmFormat.parse("48000/2/s16le"), id -> true, open::contains);
    private Map<String, ListedDevice> listed = Map.of();
    private String defaultId = "";

    final Map<String, Physical> owners = new HashMap<>(); // of the ids that were opened
    int returnedIds;

    Simulation(SoundSystem soundSystem, int seed) {
      this.soundSystem = soundSystem;
      this.random = new Random(seed);
      history.add(soundSystem + ", seed " + seed);
      for (String name : List.of("Solo", "Mic", "Mic", "PCH", "Mic", "Cam", "Cam")) {
        plug(new Physical(name, name.equals("Mic") || name.equals("Cam")));
      }
      poll();
    }

    void step() {
      int kind = random.nextInt(9);
      if (kind <= 1 && !plugged.isEmpty()) {
        Physical device = plugged.remove(random.nextInt(plugged.size()));
        removed.add(device);
        history.add("unplug " + device.name + " " + device.lastId);
        onCountChanged();
      } else if (kind <= 4 && !removed.isEmpty()) {
        Collections.shuffle(removed, random);
        plug(removed.remove(0));
      } else if (kind == 5 && !plugged.isEmpty()) {
        Physical device = plugged.get(random.nextInt(plugged.size()));
        device.usedByOthers = !device.usedByOthers;
        history.add("use " + device.lastId + " " + device.usedByOthers);
      } else if (kind == 6) {
        openOne();
      } else if (kind == 7 && !open.isEmpty()) {
        open.remove(List.copyOf(open).get(random.nextInt(open.size())));
      } else if (random.nextInt(5) == 0) {
        history.add("the sound system lists nothing once");
        check(list.update(List.of()), List.of());
      }
      poll();
      // The server notices some time later that a device is gone.
      open.removeIf(id -> removed.contains(owners.get(id)) && random.nextBoolean());
    }

    private void plug(Physical device) {
      Set<String> cards = new HashSet<>();
      Set<Integer> indexes = new HashSet<>();
      plugged.forEach(p -> cards.add(p.card));
      plugged.forEach(p -> indexes.add(p.index));
      device.card = device.name;
      for (int n = 1; cards.contains(device.card); n++) {
        device.card = "%s_%X".formatted(device.name, n);
      }
      device.index = 0;
      while (indexes.contains(device.index)) {
        device.index++;
      }
      device.usedByOthers = !device.lastId.isEmpty() && random.nextInt(4) == 0;
      plugged.add(random.nextInt(plugged.size() + 1), device);
      history.add("plug " + device.name + " " + device.lastId + " at " + plugged.indexOf(device));
      device.wasPluggedInAgain = !device.lastId.isEmpty();
      createMixer(device);
      onCountChanged();
    }

    private void createMixer(Physical device) {
      String name =
          soundSystem == SoundSystem.ALSA
              ? "%s [plughw:%d,0]".formatted(device.card, device.index)
              : device.name;
      device.mixer = new Mixer.Info(name, "", device.name + " of a maker", "1") {};
      device.listsFormats = !device.usedByOthers && !isOpen(device);
    }

    private boolean isOpen(Physical device) {
      return open.stream().anyMatch(id -> owners.get(id) == device);
    }

    private void onCountChanged() {
      if (soundSystem != SoundSystem.SAME_MIXERS) {
        plugged.forEach(this::createMixer);
      }
    }

    private void openOne() {
      List<String> ids = List.copyOf(listed.keySet());
      if (ids.isEmpty()) {
        return;
      }
      String id = ids.get(random.nextInt(ids.size()));
      Mixer.Info mixer = listed.get(id).mixer();
      if (mixer != null) {
        history.add("open " + id);
        assertThat(list.use(id, mixer)).isTrue();
        owners.put(id, physical(mixer));
        open.add(id);
      }
    }

    private void poll() {
      List<ReportedMixer> report = new ArrayList<>();
      for (Physical device : plugged) {
        // Once a mixer has listed formats, it lists them as long as it exists.
        device.listsFormats |= !device.usedByOthers && !isOpen(device);
        report.add(new ReportedMixer(device.mixer, device.listsFormats ? FORMATS : List.of()));
      }
      check(list.update(report), report);
    }

    private Physical physical(Mixer.Info mixer) {
      return plugged.stream().filter(p -> p.mixer.equals(mixer)).findFirst().orElseThrow();
    }

    private void check(Map<String, ListedDevice> newList, List<ReportedMixer> report) {
      listed = newList;
      String steps = String.join("\n", history);
      Set<Mixer.Info> mixers = new HashSet<>();
      List<String> defaults = new ArrayList<>();
      listed.forEach(
          (id, device) -> {
            assertThat(device.descriptor().id()).isEqualTo(id);
            if (device.descriptor().isDefault()) {
              defaults.add(id);
            }
            if (device.mixer() == null) {
              assertThat(open).as("%s\nlisted without a mixer", steps).contains(id);
              return;
            }
            Physical physical = physical(device.mixer());
            assertThat(mixers.add(device.mixer())).as("%s\n%s: listed twice", steps, id).isTrue();
            if (owners.containsKey(id)) {
              assertThat(physical).as("%s\n%s: another device", steps, id).isSameAs(owners.get(id));
              returnedIds += physical.wasPluggedInAgain ? 1 : 0;
            }
            if (!physical.hasTwin && !physical.lastId.isEmpty()) {
              assertThat(id)
                  .as("%s\nthe only device of its name", steps)
                  .isEqualTo(physical.lastId);
            }
            physical.lastId = id;
            physical.wasPluggedInAgain = false;
          });
      assertThat(listed.keySet()).as("%s\nopen devices", steps).containsAll(open);
      report.stream()
          .filter(reported -> !reported.formats().isEmpty())
          .forEach(r -> assertThat(mixers).as("%s\nlisted", steps).contains(r.mixer()));
      assertThat(defaults).as("%s\ndefault", steps).hasSize(listed.isEmpty() ? 0 : 1);
      if (listed.containsKey(defaultId)) {
        assertThat(defaults).as("%s\nthe default moved", steps).containsExactly(defaultId);
      }
      defaultId = defaults.isEmpty() ? "" : defaults.get(0);
    }
  }
}
