package dev.lavalier.container;

/**
 * Codes one channel of a frame: chooses the coding that needs the fewest bits, and writes it. The
 * codings are a constant, a fixed predictor of order 0 to 4 with a partitioned Rice code, and the
 * samples as they are. Used by one thread, for one frame after the other.
 */
final class Subframe {

  private static final int MAX_ORDER = 4;
  private static final int MAX_PARTITION_ORDER = 8;
  private static final int MIN_PARTITION = 8; // samples; smaller ones do not pay

  private static final int HEADER_BITS = 8;
  private static final int RICE_HEADER_BITS = 6;
  private static final int MAX_SHORT_PARAMETER = 14;
  private static final int MAX_PARAMETER = 30;
  private static final int LONG_PARAMETER_BITS = 5;

  private static final int TYPE_CONSTANT = 0;
  private static final int TYPE_VERBATIM = 1;
  private static final int TYPE_FIXED = 8; // and the order

  private final int size;
  private final int[] samples;
  private final int[] residuals; // of the predictor, with the sign in the lowest bit
  private final long[] sums = new long[1 << MAX_PARTITION_ORDER]; // of the residuals of a partition

  private int type;
  private int order;
  private int partitionOrder;
  private int sampleBits; // without the wasted ones
  private int wastedBits; // lower bits that are 0 in all samples
  private long bits;

  /** Creates a coder for {@code size} samples, 16 or more. */
  Subframe(int size) {
    this.size = size;
    this.samples = new int[size];
    this.residuals = new int[size];
  }

  /** Returns the samples, which the caller sets before {@link #analyze}. */
  int[] samples() {
    return samples;
  }

  /** Returns an upper bound for the length of the coded channel, in bits. */
  long bits() {
    return bits;
  }

  /**
   * Chooses the coding. It can change the samples.
   *
   * @param width the number of bits in a sample
   */
  void analyze(int width) {
    int differences = 0;
    int used = 0;
    for (int sample : samples) {
      differences |= sample ^ samples[0];
      used |= sample;
    }
    wastedBits = used == 0 ? 0 : Integer.numberOfTrailingZeros(used);
    sampleBits = width - wastedBits;
    if (wastedBits > 0) {
      for (int k = 0; k < size; k++) {
        samples[k] >>= wastedBits;
      }
    }
    if (differences == 0) {
      type = TYPE_CONSTANT;
      bits = (long) HEADER_BITS + wastedBits + sampleBits;
      return;
    }
    order = bestOrder();
    predict();
    bits = HEADER_BITS + wastedBits + (long) order * sampleBits + RICE_HEADER_BITS + partition();
    type = TYPE_FIXED + order;
    long verbatim = HEADER_BITS + wastedBits + (long) size * sampleBits;
    if (bits >= verbatim) {
      type = TYPE_VERBATIM;
      bits = verbatim;
    }
  }

  /** Returns the order of the predictor with the smallest residuals. */
  private int bestOrder() {
    long sum0 = 0;
    long sum1 = 0;
    long sum2 = 0;
    long sum3 = 0;
    long sum4 = 0;
    int last0 = 0;
    int last1 = 0;
    int last2 = 0;
    int last3 = 0;
    for (int k = 0; k < size; k++) {
      int error0 = samples[k];
      int error1 = error0 - last0;
      int error2 = error1 - last1;
      int error3 = error2 - last2;
      int error4 = error3 - last3;
      if (k >= MAX_ORDER) { // the first samples have no predecessors
        sum0 += Math.abs(error0);
        sum1 += Math.abs(error1);
        sum2 += Math.abs(error2);
        sum3 += Math.abs(error3);
        sum4 += Math.abs(error4);
      }
      last0 = error0;
      last1 = error1;
      last2 = error2;
      last3 = error3;
    }
    long[] sumsByOrder = {sum0, sum1, sum2, sum3, sum4};
    int best = 0;
    for (int k = 1; k <= MAX_ORDER; k++) {
      if (sumsByOrder[k] < sumsByOrder[best]) {
        best = k;
      }
    }
    return best;
  }

  private void predict() {
    for (int k = order; k < size; k++) {
      int error =
          switch (order) {
            case 0 -> samples[k];
            case 1 -> samples[k] - samples[k - 1];
            case 2 -> samples[k] - 2 * samples[k - 1] + samples[k - 2];
            case 3 -> samples[k] - 3 * (samples[k - 1] - samples[k - 2]) - samples[k - 3];
            default ->
                samples[k]
                    - 4 * (samples[k - 1] + samples[k - 3])
                    + 6 * samples[k - 2]
                    + samples[k - 4];
          };
      residuals[k] = (error << 1) ^ (error >> 31);
    }
  }

  /** Chooses the partitions of the residuals, and returns an upper bound for their bits. */
  private long partition() {
    int finest = 0;
    while (finest < MAX_PARTITION_ORDER
        && size % (2 << finest) == 0
        && (size >> (finest + 1)) >= MIN_PARTITION) {
      finest++;
    }
    sum(finest);
    partitionOrder = finest;
    long best = riceBits(finest);
    for (int coarser = finest - 1; coarser >= 0; coarser--) {
      for (int k = 0; k < 1 << coarser; k++) {
        sums[k] = sums[2 * k] + sums[2 * k + 1];
      }
      long each = riceBits(coarser);
      if (each < best) {
        best = each;
        partitionOrder = coarser;
      }
    }
    sum(partitionOrder);
    return best;
  }

  private void sum(int byOrder) {
    for (int k = 0; k < 1 << byOrder; k++) {
      long sum = 0;
      for (int i = start(k, byOrder); i < start(k + 1, byOrder); i++) {
        sum += residuals[i];
      }
      sums[k] = sum;
    }
  }

  /** Returns the index of the first residual of a partition. */
  private int start(int partition, int byOrder) {
    return Math.max(order, partition * (size >> byOrder));
  }

  private long riceBits(int byOrder) {
    long sum = 0;
    for (int k = 0; k < 1 << byOrder; k++) {
      int count = start(k + 1, byOrder) - start(k, byOrder);
      int parameter = parameter(sums[k], count);
      sum += LONG_PARAMETER_BITS + (parameter + 1L) * count + (sums[k] >> parameter);
    }
    return sum;
  }

  /** Returns the Rice parameter for residuals of a sum: the logarithm of their mean. */
  private static int parameter(long sum, int count) {
    long mean = sum / count;
    return mean == 0 ? 0 : Math.min(MAX_PARAMETER, Long.SIZE - 1 - Long.numberOfLeadingZeros(mean));
  }

  /** Writes the channel in the coding that was chosen. */
  void write(BitWriter out) {
    out.write(type, 7);
    out.write(wastedBits == 0 ? 0 : 1, 1);
    if (wastedBits > 0) {
      out.writeUnary(wastedBits - 1);
    }
    if (type == TYPE_CONSTANT) {
      out.write(samples[0], sampleBits);
      return;
    }
    int warmUp = type == TYPE_VERBATIM ? size : order;
    for (int k = 0; k < warmUp; k++) {
      out.write(samples[k], sampleBits);
    }
    if (type != TYPE_VERBATIM) {
      writeResiduals(out);
    }
  }

  private void writeResiduals(BitWriter out) {
    int partitions = 1 << partitionOrder;
    int largest = 0;
    for (int k = 0; k < partitions; k++) {
      largest = Math.max(largest, parameterOf(k));
    }
    boolean isLong = largest > MAX_SHORT_PARAMETER;
    out.write(isLong ? 1 : 0, 2);
    out.write(partitionOrder, 4);
    for (int k = 0; k < partitions; k++) {
      int parameter = parameterOf(k);
      out.write(parameter, isLong ? LONG_PARAMETER_BITS : LONG_PARAMETER_BITS - 1);
      for (int i = start(k, partitionOrder); i < start(k + 1, partitionOrder); i++) {
        out.writeUnary(residuals[i] >>> parameter);
        out.write(residuals[i], parameter);
      }
    }
  }

  private int parameterOf(int partition) {
    return parameter(
        sums[partition], start(partition + 1, partitionOrder) - start(partition, partitionOrder));
  }
}
