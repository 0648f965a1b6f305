package dev.lavalier.capture.javasound;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.Mixer;

/**
 * Makes stable device ids out of mixers' names. One instance for each look at the sound system,
 * since twins are told apart by their order in it.
 *
 * <p>On Linux a mixer is called {@code CARD [plughw:C,D]}: the card's id and the device's number
 * stay, the card's index C moves between boots, so the id is {@code CARD,D}. The default is called
 * {@code … [default]} and is {@code default}. macOS and Windows give names alone, and macOS a
 * vendor: {@code NAME (VENDOR)}. Twins get {@code #2}, {@code #3} and so on.
 */
final class DeviceIds {

  /** The id of ALSA's default device. */
  static final String ALSA_DEFAULT = "default";

  private static final Pattern ALSA_DEVICE = Pattern.compile("(.*) \\[plughw:\\d+,(\\d+)]");
  private static final String ALSA_DEFAULT_SUFFIX = "[default]";

  private final Set<String> assignedIds = new HashSet<>();

  String idOf(Mixer.Info info) {
    String base = baseOf(info);
    String id = base;
    for (int ordinal = 2; !assignedIds.add(id); ordinal++) {
      id = base + "#" + ordinal;
    }
    return id;
  }

  private static String baseOf(Mixer.Info info) {
    String name = info.getName().strip();
    Matcher alsa = ALSA_DEVICE.matcher(name);
    if (alsa.matches()) {
      return alsa.group(1) + "," + alsa.group(2);
    }
    if (name.endsWith(ALSA_DEFAULT_SUFFIX)) {
      return ALSA_DEFAULT;
    }
    String vendor = info.getVendor().strip();
    // "Unknown Vendor" is the sound system's word where the platform gives none.
    return vendor.isEmpty() || vendor.startsWith("Unknown") ? name : name + " (" + vendor + ")";
  }
}
