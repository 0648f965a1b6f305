package dev.lavalier.container;

/**
 * Encodes blocks of samples as frames of FLAC (RFC 9639) that do not depend on each other. Two
 * channels are coded as they are, or as one of them and their difference, or as their mean and
 * their difference. Used by one thread at a time.
 */
public final class FlacEncoder {

  /** The most channels. */
  public static final int MAX_CHANNELS = 8;

  /** The header and the checksums of a frame, and the header of each subframe. */
  private static final int FRAME_BYTES = 18;

  private static final int SYNC_CODE_FIXED_BLOCKS = 0xfff8;
  private static final int BLOCK_SIZE_FOLLOWS = 0b0111;
  private static final int RATE_FOLLOWS = 0b1101; // in Hz, 16 bits
  private static final int RATE_IN_STREAMINFO = 0b0000;
  private static final int LEFT_AND_SIDE = 0b1000;
  private static final int SIDE_AND_RIGHT = 0b1001;
  private static final int MID_AND_SIDE = 0b1010;

  private final int rate;
  private final int width; // bits in a sample
  private final int blockSize;
  private final Subframe[] channels;
  private final Subframe mid;
  private final Subframe side;
  private final BitWriter out;

  /**
   * Creates an encoder.
   *
   * @param format integers of 2 or 3 bytes, 1 to {@value #MAX_CHANNELS} channels
   * @param blockSize samples per channel in a block, 1 to 65,535. Fewer than 16 are allowed only in
   *     the last block of a file
   */
  public FlacEncoder(SampleFormat format, int blockSize) {
    this.rate = format.sampleRateHz();
    this.width = 8 * format.bytesPerSample();
    this.blockSize = blockSize;
    this.channels = new Subframe[format.channelCount()];
    for (int k = 0; k < channels.length; k++) {
      channels[k] = new Subframe(blockSize);
    }
    int differences = channels.length == 2 ? blockSize : 0;
    this.mid = new Subframe(differences);
    this.side = new Subframe(differences);
    this.out = new BitWriter(maxFrameBytes(format, blockSize));
  }

  /** Returns the length of a frame whose samples cannot be compressed, in bytes. */
  public static int maxFrameBytes(SampleFormat format, int blockSize) {
    return FRAME_BYTES + format.channelCount() + blockSize * format.bytesPerSampleFrame();
  }

  /**
   * Encodes a block.
   *
   * @param pcm the samples of all channels
   * @param number the number of the frame in a stream whose blocks have one size. Its lower 31 bits
   *     are written
   */
  public byte[] encode(byte[] pcm, long number) {
    read(pcm);
    out.reset();
    if (channels.length == 2) {
      writeStereo(number);
    } else {
      for (Subframe channel : channels) {
        channel.analyze(width);
      }
      write(number, channels.length - 1, channels);
    }
    return out.toByteArray();
  }

  private void read(byte[] pcm) {
    int at = 0;
    for (int k = 0; k < blockSize; k++) {
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

  private void writeStereo(long number) {
    Subframe left = channels[0];
    Subframe right = channels[1];
    for (int k = 0; k < blockSize; k++) {
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
      write(number, 1, left, right);
    } else if (best == midAndSide) {
      write(number, MID_AND_SIDE, mid, side);
    } else if (best == leftAndSide) {
      write(number, LEFT_AND_SIDE, left, side);
    } else {
      write(number, SIDE_AND_RIGHT, side, right);
    }
  }

  private void write(long number, int assignment, Subframe... subframes) {
    out.write(SYNC_CODE_FIXED_BLOCKS, 16);
    out.write(BLOCK_SIZE_FOLLOWS, 4);
    int rateCode = rateCode();
    out.write(rateCode, 4);
    out.write(assignment, 4);
    out.write(width == 16 ? 0b100 : 0b110, 3);
    out.write(0, 1);
    out.writeNumber(number);
    out.write(blockSize - 1, 16);
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
}
