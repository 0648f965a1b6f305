package dev.lavalier.capture.javasound;

import dev.lavalier.audio.PcmFormat;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Warns of devices that ALSA captures at a rate that is not their own. Java opens each device
 * through ALSA's plugin {@code plughw}, which accepts every rate and does not report the device's
 * own. The files of the kernel do: {@code hw_params} of each open device, and {@code stream0} of
 * each USB device. Without these files, nothing is reported.
 */
public final class AlsaRates {

  /** The directory of the kernel. */
  public static final Path PROC = Path.of("/proc/asound");

  private static final Pattern MIXER_NAME = Pattern.compile(".* \\[plughw:(\\d+),(\\d+)]");
  private static final Pattern OPEN_RATE = Pattern.compile("(?m)^rate: (\\d+)\\b");
  private static final Pattern RATES = Pattern.compile("\\s*Rates: (\\d.*)");
  private static final Pattern RANGE = Pattern.compile("(\\d+) - (\\d+) \\(continuous\\)");
  private static final Pattern STREAM = Pattern.compile("stream(\\d+)");

  private AlsaRates() {}

  /**
   * Returns the warning for a device that has just been opened; empty if there is none.
   *
   * @param proc {@link #PROC}
   * @param mixerName the name of the mixer in the sound system
   * @param id the device id
   * @param format the format that the device was opened in
   */
  static Optional<String> openWarning(Path proc, String mixerName, String id, PcmFormat format) {
    OptionalInt rate = openRate(proc, mixerName);
    return rate.isPresent() && rate.getAsInt() != format.sampleRateHz()
        ? Optional.of(warning(id, format, String.valueOf(rate.getAsInt()), rate.getAsInt()))
        : Optional.empty();
  }

  private static OptionalInt openRate(Path proc, String mixerName) {
    Matcher mixer = MIXER_NAME.matcher(mixerName.strip());
    if (!mixer.matches()) {
      return OptionalInt.empty();
    }
    Path device = proc.resolve("card" + mixer.group(1)).resolve("pcm" + mixer.group(2) + "c");
    try (DirectoryStream<Path> subdevices = Files.newDirectoryStream(device, "sub*")) {
      for (Path subdevice : subdevices) {
        Matcher rate = OPEN_RATE.matcher(Files.readString(subdevice.resolve("hw_params")));
        if (rate.find()) {
          return OptionalInt.of(Integer.parseInt(rate.group(1)));
        }
      }
    } catch (IOException | DirectoryIteratorException | NumberFormatException e) {
      // Other kernels and containers do not have these files.
    }
    return OptionalInt.empty();
  }

  /**
   * Returns the warnings for the USB devices that do not have their capture rate. Opens no device.
   *
   * @param proc {@link #PROC}
   * @param formats returns the capture format of a device id; empty: the device is not offered
   */
  public static List<String> warnings(Path proc, Function<String, Optional<PcmFormat>> formats) {
    List<String> warnings = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(proc, "card*")) {
      for (Path card : files) {
        addWarnings(card, formats, warnings);
      }
    } catch (IOException | DirectoryIteratorException e) {
      // This machine has no ALSA.
    }
    return warnings;
  }

  private static void addWarnings(
      Path card, Function<String, Optional<PcmFormat>> formats, List<String> warnings) {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(card, "stream*")) {
      String cardId = Files.readString(card.resolve("id")).strip();
      for (Path file : files) {
        Matcher stream = STREAM.matcher(file.getFileName().toString());
        if (!stream.matches()) {
          continue;
        }
        String id = cardId + "," + stream.group(1);
        List<String> rates = captureRates(Files.readAllLines(file));
        Optional<PcmFormat> format = formats.apply(id);
        if (format.isPresent()
            && !rates.isEmpty()
            && rates.stream().noneMatch(each -> contains(each, format.get().sampleRateHz()))) {
          String own = String.join(", ", rates);
          warnings.add(warning(id, format.get(), own, firstRate(rates.get(0))));
        }
      }
    } catch (IOException | DirectoryIteratorException | NumberFormatException e) {
      // It is no USB device, or it has just been removed.
    }
  }

  /** Returns the rates of all settings, as the kernel writes them. */
  private static List<String> captureRates(List<String> lines) {
    List<String> rates = new ArrayList<>();
    boolean capture = false;
    for (String line : lines) {
      if (!line.isEmpty() && !Character.isWhitespace(line.charAt(0))) {
        capture = line.startsWith("Capture:");
      }
      Matcher listed = RATES.matcher(line);
      if (capture && listed.matches() && !rates.contains(listed.group(1))) {
        rates.add(listed.group(1));
      }
    }
    return rates;
  }

  private static boolean contains(String rates, int rate) {
    Matcher range = RANGE.matcher(rates);
    if (range.matches()) {
      return rate >= Integer.parseInt(range.group(1)) && rate <= Integer.parseInt(range.group(2));
    }
    return List.of(rates.split(", ", -1)).contains(String.valueOf(rate));
  }

  private static int firstRate(String rates) {
    return Integer.parseInt(rates.split("\\D", 2)[0]);
  }

  private static String warning(String id, PcmFormat format, String own, int first) {
    PcmFormat better =
        first >= PcmFormat.MIN_RATE_HZ && first <= PcmFormat.MAX_RATE_HZ
            ? new PcmFormat(format.encoding(), first, format.channelCount())
            : format;
    return ("%s: the device captures at %s Hz, and ALSA converts that to %d Hz, which can sound dull;"
            + " use --device-format %s=%s, or install libasound2-plugins")
        .formatted(id, own, format.sampleRateHz(), id, better);
  }
}
