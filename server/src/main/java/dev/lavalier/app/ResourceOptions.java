package dev.lavalier.app;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.lavalier.hub.ResourceLimits;
import java.lang.management.ManagementFactory;
import picocli.CommandLine.Option;

/** The options that limit the memory and the processor time of streams. */
final class ResourceOptions {

  private static final int MAX_MEBIBYTES = 1 << 20;
  private static final int MIN_FRAMES_PER_SECOND = 100_000;
  private static final int FRAMES_PER_SUBSCRIBER = 50; // the default frame size is 20 ms
  private static final int MAX_FRAMES_PER_SECOND = 100_000_000;

  @Option(
      names = "--max-stream-memory-mb",
      paramLabel = "MB",
      defaultValue = "0",
      description =
          "Memory of all streams in MiB: queues, conversions, replays and unsent frames, 0 to"
              + " 1048576. 0: a quarter of the heap, or of the direct memory if that is less."
              + " Default: ${DEFAULT-VALUE}.")
  private int memory;

  @Option(
      names = "--max-stream-memory-mb-per-caller",
      paramLabel = "MB",
      defaultValue = "0",
      description =
          "The same for one connection, and for one token or certificate. 0: a quarter of the limit"
              + " of all streams. Default: ${DEFAULT-VALUE}.")
  private int memoryPerCaller;

  @Option(
      names = "--max-history-mb",
      paramLabel = "MB",
      defaultValue = "0",
      description =
          "Memory of the histories of all open devices in MiB, 0 to 1048576. 0: half of the heap."
              + " Default: ${DEFAULT-VALUE}.")
  private int history;

  @Option(
      names = "--max-frames-per-s",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Frames of all streams per second, 0 to 100000000. 0: 50 for each of --max-subscribers,"
              + " but at least 100000. Default: ${DEFAULT-VALUE}.")
  private int frames;

  @Option(
      names = "--max-frames-per-s-per-caller",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "The same for one connection, and for one token or certificate. 0: half of the limit of"
              + " all streams. Default: ${DEFAULT-VALUE}.")
  private int framesPerCaller;

  @Option(
      names = "--max-conversion-percent",
      paramLabel = "PERCENT",
      defaultValue = "50",
      description =
          "Processor time of the conversions of one device, in percent of one processor, 1 to 100."
              + " Default: ${DEFAULT-VALUE}.")
  private int conversions;

  @Option(
      names = "--max-conversion-percent-per-caller",
      paramLabel = "PERCENT",
      defaultValue = "25",
      description =
          "The same for all conversions of one connection, and of one token or certificate."
              + " Default: ${DEFAULT-VALUE}.")
  private int conversionsPerCaller;

  @Option(
      names = "--max-channel-factor",
      paramLabel = "N",
      defaultValue = "2",
      description =
          "How many channels a stream can have for each captured channel, 1 to 64."
              + " Default: ${DEFAULT-VALUE}.")
  private int channelFactor;

  /**
   * Checks the options and returns their values.
   *
   * @param maxSubscribers the maximum number of subscriptions
   * @throws IllegalArgumentException if a value is invalid; its message is one line for the user
   */
  ResourceLimits values(int maxSubscribers) {
    long heap = Runtime.getRuntime().maxMemory();
    long memoryBytes =
        bytes("max-stream-memory-mb", memory, Math.min(heap, directMemory(heap)) / 4);
    int allFrames =
        frames(
            "max-frames-per-s",
            frames,
            Math.max(MIN_FRAMES_PER_SECOND, FRAMES_PER_SUBSCRIBER * maxSubscribers));
    return new ResourceLimits(
        memoryBytes,
        bytes("max-stream-memory-mb-per-caller", memoryPerCaller, memoryBytes / 4),
        bytes("max-history-mb", history, heap / 2),
        allFrames,
        frames("max-frames-per-s-per-caller", framesPerCaller, allFrames / 2),
        Checks.range("max-conversion-percent", conversions, 1, 100) / 100.0,
        Checks.range("max-conversion-percent-per-caller", conversionsPerCaller, 1, 100) / 100.0,
        Checks.range("max-channel-factor", channelFactor, 1, 64));
  }

  private static long bytes(String key, int mebibytes, long otherwise) {
    Checks.range(key, mebibytes, 0, MAX_MEBIBYTES);
    return mebibytes == 0 ? otherwise : (long) mebibytes << 20;
  }

  private static int frames(String key, int value, int otherwise) {
    Checks.range(key, value, 0, MAX_FRAMES_PER_SECOND);
    return value == 0 ? otherwise : value;
  }

  /** Returns the maximum of direct memory in bytes, which is the heap's unless it is set. */
  private static long directMemory(long heap) {
    HotSpotDiagnosticMXBean jvm =
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    long set = jvm == null ? 0 : Long.parseLong(jvm.getVMOption("MaxDirectMemorySize").getValue());
    return set == 0 ? heap : set;
  }
}
