package dev.lavalier.capture.javasound;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.Mixer;

/**
 * Creates stable device ids from the names of mixers. One instance is used for each poll of the
 * sound system, because devices with equal names are distinguished by their order. Used by one
 * thread.
 *
 * <p>On Linux, the name of a mixer is {@code CARD [plughw:C,D]}. The card's id CARD and the device
 * number D are stable, but the card's index C can change at boot, so the id is {@code CARD,D}. The
 * default device {@code … [default]} has the id {@code default}. macOS and Windows report only
 * names, and macOS also a vendor: {@code NAME (VENDOR)}. Further devices with an equal name get
 * {@code #2}, {@code #3} and so on.
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
    // The sound system reports "Unknown Vendor" if the platform reports no vendor.
    return vendor.isEmpty() || vendor.startsWith("Unknown") ? name : name + " (" + vendor + ")";
  }
}
