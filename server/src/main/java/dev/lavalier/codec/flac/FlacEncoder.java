package dev.lavalier.codec.flac;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.Period;
import dev.lavalier.pipeline.FrameEncoder;

/**
 * Encodes each frame as one FLAC frame that does not depend on the others. Two channels are coded
 * as they are, or as one of them and their difference, or as their mean and their difference. Used
 * by one thread at a time.
 */
final class FlacEncoder implements FrameEncoder {

  private static final int SYNC_CODE_FIXED_BLOCKS = 0xfff8;
  private static final int BLOCK_SIZE_FOLLOWS = 0b0111;
  private static final int RATE_FOLLOWS = 0b1101; // in Hz, 16 bits
  private static final int RATE_IN_STREAMINFO = 0b0000;
  private static final int LEFT_AND_SIDE = 0b1000;
  private static final int SIDE_AND_RIGHT = 0b1001;
  private static final int MID_AND_SIDE = 0b1010;

  private final int rate;
  private final int width; // bits in a sample
  private final int frameSize;
  private final Subframe[] channels;
  private final Subframe mid;
  private final Subframe side;
  private final BitWriter out;

  FlacEncoder(PcmFormat format, int frameSize) {
    this.rate = format.sampleRateHz();
    this.width = 8 * format.encoding().bytesPerSample();
    this.frameSize = frameSize;
    this.channels = new Subframe[format.channelCount()];
    for (int k = 0; k < channels.length; k++) {
      channels[k] = new Subframe(frameSize);
    }
    int differences = channels.length == 2 ? frameSize : 0;
    this.mid = new Subframe(differences);
    this.side = new Subframe(differences);
    this.out = new BitWriter(new FlacCodec().packetBytes(format, frameSize));
  }

  @Override
  public byte[] encode(Period frame) {
    read(frame.pcm());
    out.reset();
    if (channels.length == 2) {
      writeStereo(frame.sampleIndex());
    } else {
      for (Subframe channel : channels) {
        channel.analyze(width);
      }
      write(frame.sampleIndex(), channels.length - 1, channels);
    }
    return out.toByteArray();
  }

  private void read(byte[] pcm) {
    int at = 0;
    for (int k = 0; k < frameSize; k++) {
      for (Subframe channel : channels) {
        int sample = pcm[at] & 0xff;
        if (width == 24) {
          sample |= (pcm[at + 1] & 0xff) << 8;
        }
        at += width / 8;
        channel.samples()[k] = sample | (pcm[at - 1] << (width - 8));
      }
    }
  }

  private void writeStereo(long sampleIndex) {
    Subframe left = channels[0];
    Subframe right = channels[1];
    for (int k = 0; k < frameSize; k++) {
      mid.samples()[k] = (left.samples()[k] + right.samples()[k]) >> 1;
      side.samples()[k] = left.samples()[k] - right.samples()[k];
    }
    left.analyze(width);
    right.analyze(width);
    mid.analyze(width);
    side.analyze(width + 1);
    long independent = left.bits() + right.bits();
    long leftAndSide = left.bits() + side.bits();
    long sideAndRight = side.bits() + right.bits();
    long midAndSide = mid.bits() + side.bits();
    long best = Math.min(Math.min(independent, leftAndSide), Math.min(sideAndRight, midAndSide));
    if (best == independent) {
      write(sampleIndex, 1, left, right);
    } else if (best == midAndSide) {
      write(sampleIndex, MID_AND_SIDE, mid, side);
    } else if (best == leftAndSide) {
      write(sampleIndex, LEFT_AND_SIDE, left, side);
    } else {
      write(sampleIndex, SIDE_AND_RIGHT, side, right);
    }
  }

  private void write(long sampleIndex, int assignment, Subframe... subframes) {
    out.write(SYNC_CODE_FIXED_BLOCKS, 16);
    out.write(BLOCK_SIZE_FOLLOWS, 4);
    int rateCode = rateCode();
    out.write(rateCode, 4);
    out.write(assignment, 4);
    out.write(width == 16 ? 0b100 : 0b110, 3);
    out.write(0, 1);
    writeNumber((int) ((sampleIndex / frameSize) & 0x7fff_ffff));
    out.write(frameSize - 1, 16);
    if (rateCode == RATE_FOLLOWS) {
      out.write(rate, 16);
    }
    out.write(out.crc8(), 8);
    for (Subframe subframe : subframes) {
      subframe.write(out);
    }
    out.align();
    out.write(out.crc16(), 16);
  }

  private int rateCode() {
    return switch (rate) {
      case 88_200 -> 0b0001;
      case 176_400 -> 0b0010;
      case 192_000 -> 0b0011;
      case 8_000 -> 0b0100;
      case 16_000 -> 0b0101;
      case 22_050 -> 0b0110;
      case 24_000 -> 0b0111;
      case 32_000 -> 0b1000;
      case 44_100 -> 0b1001;
      case 48_000 -> 0b1010;
      case 96_000 -> 0b1011;
      default -> rate <= 0xffff ? RATE_FOLLOWS : RATE_IN_STREAMINFO;
    };
  }

  /** Writes the frame number in the form of UTF-8, extended to 31 bits. */
  private void writeNumber(int number) {
    if (number < 0x80) {
      out.write(number, 8);
      return;
    }
    int continuations = 1; // each has 6 bits, and the first byte has 6 less one for each
    while (continuations < 5 && number >>> (5 * continuations + 6) != 0) {
      continuations++;
    }
    out.write(((0xff80 >> continuations) & 0xff) | (number >>> (6 * continuations)), 8);
    for (int k = continuations - 1; k >= 0; k--) {
      out.write(0x80 | ((number >>> (6 * k)) & 0x3f), 8);
    }
  }
}
