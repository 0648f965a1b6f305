package dev.lavalier.capture.script;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Loss;
import dev.lavalier.capture.LossCause;
import dev.lavalier.capture.SupportedFormat;
import dev.lavalier.capture.virtual.ToneDevice;
import dev.lavalier.capture.virtual.WavDevice;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A microphone that plays a script: sounds, and faults of devices, in the order of the calls of
 * this class. Each method returns a changed copy. Immutable.
 *
 * <pre>{@code
 * ScriptedMicrophone.named("mic")
 *     .tone(Duration.ofSeconds(1))
 *     .overrun(Duration.ofMillis(10))
 *     .tone(Duration.ofSeconds(1))
 * }</pre>
 *
 * <p>The script starts when a subscriber opens the device. After the last step, the device is lost.
 * If all subscribers left, or if the script has ended, the next opening starts with the first step.
 * After {@link #unplug} and {@link #restart}, the next opening continues with the next step.
 *
 * <p>All methods throw {@link IllegalArgumentException} with a message of one line if a value is
 * out of its range. Durations of steps are at least 1 ms and at most one hour, unless a method says
 * otherwise. A step lasts whole samples: the rest is cut off.
 */
public final class ScriptedMicrophone {

  /** The maximum number of steps. */
  public static final int MAX_STEPS = 1_000;

  private static final int MAX_NAME_LENGTH = 100;
  private static final long MAX_STEP_MS = 3_600_000;

  /** A device that delivers nothing for 3 s counts as lost. */
  private static final long MAX_LOSS_MS = 2_000;

  private static final long MAX_CLOCK_STEP_MS = 86_400_000;
  private static final int MAX_HZ = 20_000;
  private static final int MAX_PPM = 10_000;

  private final String name;
  private final @Nullable PcmFormat format; // null: that of the WAV files, or any
  private final double clockPpm;
  private final boolean repeats;
  private final List<Step> steps;

  private ScriptedMicrophone(
      String name, @Nullable PcmFormat format, double clockPpm, boolean repeats, List<Step> steps) {
    this.name = name;
    this.format = format;
    this.clockPpm = clockPpm;
    this.repeats = repeats;
    this.steps = List.copyOf(steps);
  }

  /**
   * Returns a microphone without steps. It needs at least one sound.
   *
   * @param name the {@code device_id}, 1 to 100 characters
   */
  public static ScriptedMicrophone named(String name) {
    if (name.isBlank() || name.length() > MAX_NAME_LENGTH) {
      throw invalid("device_id", name, "1 to %d characters".formatted(MAX_NAME_LENGTH));
    }
    return new ScriptedMicrophone(name, null, 0, false, List.of());
  }

  /**
   * Sets the only capture format. Without it, the microphone has the format of its WAV files. If
   * there are none, the server chooses the format.
   *
   * @param text {@code RATE/CHANNELS/ENCODING}, for example {@code 16000/1/s16le}
   */
  public ScriptedMicrophone withFormat(String text) {
    return new ScriptedMicrophone(name, PcmFormat.parse(text), clockPpm, repeats, steps);
  }

  /**
   * Sets how much faster the clock of the device runs than that of the server, in parts per
   * million, -10000 to 10000. The default is 0. The server reports it without a measurement.
   */
  public ScriptedMicrophone withClockPpm(double ppm) {
    if (!(Math.abs(ppm) <= MAX_PPM)) {
      throw invalid("clock-ppm", ppm, "-%d..%d".formatted(MAX_PPM, MAX_PPM));
    }
    return new ScriptedMicrophone(name, format, ppm, repeats, steps);
  }

  /** Lets the first step follow the last one, instead of the loss of the device. */
  public ScriptedMicrophone repeating() {
    return new ScriptedMicrophone(name, format, clockPpm, true, steps);
  }

  /** Adds a tone of 440 Hz at -12 dBFS that does not end. */
  public ScriptedMicrophone tone() {
    return with(new Step.Tone(ToneDevice.FREQUENCY_HZ, Step.ENDLESS));
  }

  /** Adds a tone of 440 Hz at -12 dBFS. */
  public ScriptedMicrophone tone(Duration duration) {
    return tone(ToneDevice.FREQUENCY_HZ, duration);
  }

  /**
   * Adds a tone at -12 dBFS.
   *
   * @param hz the frequency, 1 to 20000
   */
  public ScriptedMicrophone tone(int hz, Duration duration) {
    if (hz < 1 || hz > MAX_HZ) {
      throw invalid("hz", hz, "1.." + MAX_HZ);
    }
    return with(new Step.Tone(hz, nanos("tone-ms", duration, 1, MAX_STEP_MS)));
  }

  /** Adds zeros that do not end. */
  public ScriptedMicrophone silence() {
    return with(new Step.Silence(Step.ENDLESS));
  }

  /** Adds zeros, as of a muted microphone. After 5 s of them, the server reports the silence. */
  public ScriptedMicrophone silence(Duration duration) {
    return with(new Step.Silence(nanos("silence-ms", duration, 1, MAX_STEP_MS)));
  }

  /**
   * Adds a WAV file, which is played once. It must have the capture format. Reads the header of the
   * file.
   */
  public ScriptedMicrophone wav(Path file) {
    return with(new Step.Wav(WavDevice.of(name, file)));
  }

  /**
   * Adds a loss in the device. The next frame has a gap with the cause DEVICE_OVERRUN, of exactly
   * these samples and those of the frames that are not complete without them.
   *
   * @param duration the length of the lost audio, 1 to 2000 ms
   */
  public ScriptedMicrophone overrun(Duration duration) {
    return with(
        new Step.Lost(
            nanos("overrun-ms", duration, 1, MAX_LOSS_MS),
            new Loss(LossCause.DEVICE_OVERRUN, false)));
  }

  /**
   * Adds a loss in the server. The next frame has a gap with the cause SERVER_OVERLOAD, of exactly
   * these samples and those of the frames that are not complete without them.
   *
   * @param duration the length of the lost audio, 1 to 2000 ms
   */
  public ScriptedMicrophone overload(Duration duration) {
    return with(
        new Step.Lost(
            nanos("overload-ms", duration, 1, MAX_LOSS_MS),
            new Loss(LossCause.SERVER_OVERLOAD, false)));
  }

  /**
   * Sets the wall clock that the capture times are from.
   *
   * @param by how far it is set forward, or back if negative, up to a day
   */
  public ScriptedMicrophone clockStep(Duration by) {
    return with(
        new Step.ClockStep(nanos("clock-step-ms", by, -MAX_CLOCK_STEP_MS, MAX_CLOCK_STEP_MS)));
  }

  /** Adds the loss of the device, which is not listed for some time. */
  public ScriptedMicrophone unplug(Duration duration) {
    return with(new Step.Unplug(nanos("unplug-ms", duration, 1, MAX_STEP_MS)));
  }

  /** Adds the loss of the device, which stays listed and can be opened again at once. */
  public ScriptedMicrophone restart() {
    return with(new Step.Unplug(0));
  }

  private ScriptedMicrophone with(Step step) {
    if (steps.size() == MAX_STEPS) {
      throw invalid("steps", steps.size() + 1, "at most %d steps".formatted(MAX_STEPS));
    }
    if (!steps.isEmpty() && isEndless(steps.get(steps.size() - 1))) {
      throw invalid("steps", "a step after an endless one", "a sound without an end only at last");
    }
    List<Step> more = new ArrayList<>(steps);
    more.add(step);
    return new ScriptedMicrophone(name, format, clockPpm, repeats, more);
  }

  private static boolean isEndless(Step step) {
    return (step instanceof Step.Tone tone && tone.nanos() == Step.ENDLESS)
        || (step instanceof Step.Silence silence && silence.nanos() == Step.ENDLESS);
  }

  private static long nanos(String field, Duration duration, long minMs, long maxMs) {
    if (duration.compareTo(Duration.ofMillis(minMs)) < 0
        || duration.compareTo(Duration.ofMillis(maxMs)) > 0) {
      throw invalid(field, millis(duration), minMs + ".." + maxMs);
    }
    return duration.toNanos();
  }

  private static String millis(Duration duration) {
    return BigDecimal.valueOf(duration.getSeconds())
        .movePointRight(3)
        .add(BigDecimal.valueOf(duration.getNano(), 6))
        .stripTrailingZeros()
        .toPlainString();
  }

  private static IllegalArgumentException invalid(String field, Object value, String expected) {
    return new IllegalArgumentException("%s: %s (expected: %s)".formatted(field, value, expected));
  }

  /** Returns the {@code device_id}. */
  public String name() {
    return name;
  }

  double clockPpm() {
    return clockPpm;
  }

  boolean repeats() {
    return repeats;
  }

  List<Step> steps() {
    return steps;
  }

  /** Returns the capture formats. */
  List<SupportedFormat> formats() {
    return onlyFormat()
        .map(
            only ->
                List.of(
                    new SupportedFormat(only.encoding(), only.sampleRateHz(), only.channelCount())))
        .orElseGet(() -> new ToneDevice().formats());
  }

  private Optional<PcmFormat> onlyFormat() {
    return format != null
        ? Optional.of(format)
        : steps.stream()
            .filter(Step.Wav.class::isInstance)
            .map(step -> ((Step.Wav) step).file().format())
            .findFirst();
  }

  /**
   * Returns this microphone, after a check that it can be played.
   *
   * @throws IllegalArgumentException if it has no sound, or a file of another format; the message
   *     is one line
   */
  public ScriptedMicrophone checked() {
    // Without a sound, a script that repeats would take no time.
    if (steps.stream().noneMatch(Step.Sound.class::isInstance)) {
      throw invalid("steps", name + " has no sound", "a tone, silence or wav");
    }
    for (Step step : steps) {
      if (step instanceof Step.Wav wav && !wav.file().format().equals(onlyFormat().orElseThrow())) {
        throw invalid(
            "wav",
            "%s=%s is %s".formatted(name, wav.file().file(), wav.file().format()),
            "%s, the format of the microphone".formatted(onlyFormat().orElseThrow()));
      }
    }
    return this;
  }
}
