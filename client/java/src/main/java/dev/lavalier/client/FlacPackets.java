package dev.lavalier.client;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Decodes packets of FLAC (RFC 9639): each is one frame of the stream's block size. */
final class FlacPackets implements PacketDecoder {

  private static final int MAX_CHANNELS = 8;
  private static final int MAX_BLOCK = 65_535;

  private static final int SYNC_CODE_FIXED_BLOCKS = 0xfff8;
  private static final int LEFT_AND_SIDE = 8;
  private static final int SIDE_AND_RIGHT = 9;
  private static final int MID_AND_SIDE = 10;

  private static final int[][] FIXED_PREDICTORS = {{}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}};

  private final int width; // bits in a sample
  private final int frameSize;
  private final long[][] channels;

  private FlacPackets(int width, int channelCount, int frameSize) {
    this.width = width;
    this.frameSize = frameSize;
    this.channels = new long[channelCount][frameSize];
  }

  static FlacPackets decoder(StreamStart start) throws LavalierException {
    PcmFormat format = start.format();
    boolean integers =
        format.encoding() == SampleEncoding.S16LE || format.encoding() == SampleEncoding.S24LE;
    if (!integers
        || format.channelCount() < 1
        || format.channelCount() > MAX_CHANNELS
        || start.frameSize() < 1
        || start.frameSize() > MAX_BLOCK) {
      throw PacketDecoder.notAvailable(Codec.FLAC, start);
    }
    return new FlacPackets(
        8 * format.encoding().bytesPerSample(), format.channelCount(), start.frameSize());
  }

  @Override
  public ByteBuffer decode(byte[] packet) throws LavalierException {
    try {
      BitReader in = new BitReader(packet);
      int assignment = readHeader(in);
      for (int k = 0; k < channels.length; k++) {
        boolean isSide =
            assignment == SIDE_AND_RIGHT ? k == 0 : assignment >= LEFT_AND_SIDE && k == 1;
        readSubframe(in, channels[k], width + (isSide ? 1 : 0));
      }
      in.align();
      if (in.crc16() != 0 || in.hasMore()) { // including the CRC at the end
        throw PacketDecoder.malformed(Codec.FLAC, "wrong checksum", null);
      }
      restoreChannels(assignment);
      return pcm();
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw PacketDecoder.malformed(Codec.FLAC, String.valueOf(e.getMessage()), e);
    }
  }

  /** Reads the header of a frame, and returns the channel assignment. */
  private int readHeader(BitReader in) {
    check(in.read(16) == SYNC_CODE_FIXED_BLOCKS, "no frame");
    int blockSizeCode = in.read(4);
    int rateCode = in.read(4);
    int assignment = in.read(4);
    int widthCode = in.read(3);
    in.read(1);
    int first = in.read(8); // of the frame number
    for (int more = Integer.numberOfLeadingZeros(~(first << 24)); more > 1; more--) {
      in.read(8);
    }
    check(blockSize(blockSizeCode, in) == frameSize, "another block size");
    in.read(rateCode == 12 ? 8 : rateCode == 13 || rateCode == 14 ? 16 : 0);
    in.read(8); // the CRC of the header: the CRC of the frame includes it
    int count = assignment < LEFT_AND_SIDE ? assignment + 1 : 2;
    check(count == channels.length && assignment <= MID_AND_SIDE, "other channels");
    check(widthCode == 0 || widthCode == (width == 16 ? 4 : 6), "another width");
    return assignment;
  }

  private static int blockSize(int code, BitReader in) {
    return switch (code) {
      case 0 -> 0;
      case 1 -> 192;
      case 2, 3, 4, 5 -> 144 << code;
      case 6 -> in.read(8) + 1;
      case 7 -> in.read(16) + 1;
      default -> 1 << code;
    };
  }

  private void readSubframe(BitReader in, long[] samples, int sampleBits) {
    check(in.read(1) == 0, "no subframe");
    int type = in.read(6);
    int wasted = in.read(1) == 0 ? 0 : in.readUnary() + 1;
    int bits = sampleBits - wasted;
    check(bits > 0, "no bits");
    if (type == 0) {
      Arrays.fill(samples, in.readSigned(bits));
    } else if (type == 1) {
      for (int k = 0; k < frameSize; k++) {
        samples[k] = in.readSigned(bits);
      }
    } else if (type >= 8 && type <= 12) {
      readPredicted(in, samples, bits, FIXED_PREDICTORS[type - 8].length, null);
    } else {
      check(type >= 32, "unknown subframe");
      readPredicted(in, samples, bits, type - 31, new int[type - 31]);
    }
    for (int k = 0; wasted > 0 && k < frameSize; k++) {
      samples[k] <<= wasted;
    }
  }

  /**
   * Reads the first samples and the residuals of a predictor.
   *
   * @param order the number of samples on which each depends
   * @param linear an array for the coefficients of a linear predictor; null: it is a fixed one
   */
  private void readPredicted(
      BitReader in, long[] samples, int bits, int order, int @Nullable [] linear) {
    check(order <= frameSize, "too few samples");
    for (int k = 0; k < order; k++) {
      samples[k] = in.readSigned(bits);
    }
    int[] coefficients = FIXED_PREDICTORS[Math.min(order, 4)];
    int shift = 0;
    if (linear != null) {
      int precision = in.read(4) + 1;
      shift = (int) in.readSigned(5);
      check(shift >= 0, "negative shift");
      for (int k = 0; k < order; k++) {
        linear[k] = (int) in.readSigned(precision);
      }
      coefficients = linear;
    }
    readResiduals(in, samples, order);
    for (int k = order; k < frameSize; k++) {
      long sum = 0;
      for (int i = 0; i < order; i++) {
        sum += coefficients[i] * samples[k - 1 - i];
      }
      samples[k] += sum >> shift;
    }
  }

  private void readResiduals(BitReader in, long[] samples, int order) {
    int method = in.read(2);
    check(method <= 1, "unknown coding");
    int parameterBits = 4 + method;
    int partitionOrder = in.read(4);
    int partitionSize = frameSize >> partitionOrder;
    check(partitionSize << partitionOrder == frameSize && partitionSize >= order, "partitions");
    for (int k = 0; k < 1 << partitionOrder; k++) {
      int parameter = in.read(parameterBits);
      boolean isRaw = parameter == (1 << parameterBits) - 1;
      int rawBits = isRaw ? in.read(5) : 0;
      for (int i = Math.max(order, k * partitionSize); i < (k + 1) * partitionSize; i++) {
        if (isRaw) {
          samples[i] = in.readSigned(rawBits);
        } else {
          long folded = ((long) in.readUnary() << parameter) | in.readUnsigned(parameter);
          samples[i] = (folded >>> 1) ^ -(folded & 1);
        }
      }
    }
  }

  private void restoreChannels(int assignment) {
    for (int k = 0; assignment >= LEFT_AND_SIDE && k < frameSize; k++) {
      long first = channels[0][k];
      long second = channels[1][k];
      if (assignment == LEFT_AND_SIDE) {
        channels[1][k] = first - second;
      } else if (assignment == SIDE_AND_RIGHT) {
        channels[0][k] = first + second;
      } else {
        long sum = (first << 1) | (second & 1);
        channels[0][k] = (sum + second) >> 1;
        channels[1][k] = (sum - second) >> 1;
      }
    }
  }

  private ByteBuffer pcm() {
    int bytes = width / 8;
    byte[] pcm = new byte[frameSize * channels.length * bytes];
    int at = 0;
    for (int k = 0; k < frameSize; k++) {
      for (long[] channel : channels) {
        for (int i = 0; i < bytes; i++) {
          pcm[at++] = (byte) (channel[k] >> (8 * i));
        }
      }
    }
    return ByteBuffer.wrap(pcm);
  }

  private static void check(boolean condition, String otherwise) {
    if (!condition) {
      throw new IllegalArgumentException(otherwise);
    }
  }
}
