package dev.lavalier.capture.javasound;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.audio.SampleEncoding;
import dev.lavalier.capture.SupportedFormat;
import java.util.Optional;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioSystem;

/** Converts formats to those of {@code javax.sound} and back. */
final class JavaSoundFormats {

  private JavaSoundFormats() {}

  /** Returns the {@code javax.sound} format for a format. */
  static AudioFormat toJavaSound(PcmFormat format) {
    return toJavaSound(format.encoding(), format.sampleRateHz(), format.channelCount());
  }

  /** Returns the {@code javax.sound} format, with NOT_SPECIFIED for any rate or channel count. */
  static AudioFormat toJavaSound(SupportedFormat format) {
    return toJavaSound(
        format.encoding(),
        format.sampleRateHz() == 0 ? AudioSystem.NOT_SPECIFIED : format.sampleRateHz(),
        format.channelCount() == 0 ? AudioSystem.NOT_SPECIFIED : format.channelCount());
  }

  private static AudioFormat toJavaSound(SampleEncoding encoding, float rate, int channels) {
    int bytes = encoding.bytesPerSample();
    return new AudioFormat(
        encoding == SampleEncoding.F32LE
            ? AudioFormat.Encoding.PCM_FLOAT
            : AudioFormat.Encoding.PCM_SIGNED,
        rate,
        8 * bytes,
        channels,
        channels < 0 ? AudioSystem.NOT_SPECIFIED : channels * bytes,
        rate,
        false);
  }

  /**
   * Returns the format; empty if it has no {@link SampleEncoding}, is out of range, or does not
   * specify the rate or the channel count.
   */
  static Optional<PcmFormat> fromJavaSound(AudioFormat format) {
    return supported(format)
        .filter(o -> o.sampleRateHz() > 0 && o.channelCount() > 0)
        .map(o -> new PcmFormat(o.encoding(), o.sampleRateHz(), o.channelCount()));
  }

  /**
   * Returns the format as {@link #fromJavaSound} does, with 0 for a rate or channel count that is
   * not specified.
   */
  static Optional<SupportedFormat> supported(AudioFormat format) {
    int channels = Math.max(0, format.getChannels());
    int rate = Math.max(0, Math.round(format.getSampleRate()));
    if (format.isBigEndian()
        || channels > PcmFormat.MAX_CHANNELS
        || (rate != 0 && (rate < PcmFormat.MIN_RATE_HZ || rate > PcmFormat.MAX_RATE_HZ))) {
      return Optional.empty();
    }
    return encoding(format)
        // Drivers also list formats with 24 bits in four bytes, and companded formats with wrong
        // sizes.
        .filter(
            e ->
                channels == 0
                    || format.getFrameSize() < 0
                    || format.getFrameSize() == channels * e.bytesPerSample())
        .map(e -> new SupportedFormat(e, rate, channels));
  }

  private static Optional<SampleEncoding> encoding(AudioFormat format) {
    int bits = format.getSampleSizeInBits();
    if (AudioFormat.Encoding.PCM_FLOAT.equals(format.getEncoding())) {
      return bits == 32 ? Optional.of(SampleEncoding.F32LE) : Optional.empty();
    }
    if (!AudioFormat.Encoding.PCM_SIGNED.equals(format.getEncoding())) {
      return Optional.empty();
    }
    return switch (bits) {
      case 16 -> Optional.of(SampleEncoding.S16LE);
      case 24 -> Optional.of(SampleEncoding.S24LE);
      case 32 -> Optional.of(SampleEncoding.S32LE);
      default -> Optional.empty();
    };
  }
}
