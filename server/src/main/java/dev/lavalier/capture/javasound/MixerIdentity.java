package dev.lavalier.capture.javasound;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.Mixer;

/**
 * The properties of a mixer that stay the same when the sound system creates it anew. Immutable.
 *
 * <p>On Linux, the name of a mixer is {@code CARD [plughw:C,D]}. The card's id CARD and the device
 * number D are stable, but the card's index C can change, so the id is {@code CARD,D}. The kernel
 * gives each card an id of its own: of two equal cards, the second one becomes {@code CARD_1}. If
 * both are removed, the first one that returns becomes CARD, so both are of one model. The default
 * device {@code … [default]} has the id {@code default}. macOS and Windows report only names, and
 * macOS also a vendor: {@code NAME (VENDOR)}.
 *
 * @param baseId the device id, without the number that devices with the same base id get
 * @param model equal for two devices that cannot be distinguished after both were removed
 * @param isUnique whether the sound system never lists two mixers with this base id
 */
record MixerIdentity(String baseId, String model, boolean isUnique) {

  /** The id of ALSA's default device. */
  static final String ALSA_DEFAULT = "default";

  private static final Pattern ALSA_DEVICE = Pattern.compile("(.*) \\[plughw:\\d+,(\\d+)]");
  private static final Pattern ALSA_NUMBER = Pattern.compile("_[0-9A-F]+$");
  private static final String ALSA_DEFAULT_SUFFIX = "[default]";

  static MixerIdentity of(Mixer.Info info) {
    String name = info.getName().strip();
    Matcher alsa = ALSA_DEVICE.matcher(name);
    if (alsa.matches()) {
      String card = ALSA_NUMBER.matcher(alsa.group(1)).replaceFirst("");
      return new MixerIdentity(
          alsa.group(1) + "," + alsa.group(2),
          card + "," + alsa.group(2) + "\n" + info.getDescription(),
          true);
    }
    if (name.endsWith(ALSA_DEFAULT_SUFFIX)) {
      return new MixerIdentity(ALSA_DEFAULT, ALSA_DEFAULT, true);
    }
    String vendor = info.getVendor().strip();
    // The sound system reports "Unknown Vendor" if the platform reports no vendor.
    String base =
        vendor.isEmpty() || vendor.startsWith("Unknown") ? name : name + " (" + vendor + ")";
    return new MixerIdentity(
        base, base + "\n" + info.getDescription() + "\n" + info.getVersion(), false);
  }
}
