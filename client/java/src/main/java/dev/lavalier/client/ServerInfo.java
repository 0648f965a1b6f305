package dev.lavalier.client;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * The properties of a server, and the time by its clocks. Immutable.
 *
 * @param version the version of the server, for people; do not compare versions, use {@code
 *     capabilities}
 * @param capabilities what the server can do; without those that this library does not know
 * @param limits the limits that apply to the caller
 * @param serverTime the time of the answer by the server's wall clock, the clock of {@link
 *     Frame#captureTimeUnixNanos}
 * @param serverSteadyNanos the time of the answer by the server's steady clock, in nanoseconds from
 *     an arbitrary origin
 */
public record ServerInfo(
    String version,
    Set<Capability> capabilities,
    Limits limits,
    Instant serverTime,
    long serverSteadyNanos) {

  /** Copies the set. */
  public ServerInfo {
    capabilities = Set.copyOf(capabilities);
  }

  /** What a server can do. Later versions of this library can have more values. */
  public enum Capability {
    /**
     * The server keeps a history of its open devices, so that {@link StreamOptions#preroll} and a
     * reconnection find earlier audio.
     */
    HISTORY,
    /** The client can judge the age of frames without the wall clocks of server and client. */
    STEADY_TIME,
    /** {@link LavalierClient#streamLevels} works. */
    LEVELS
  }

  /**
   * The limits of a server that apply to the caller. All are positive unless noted.
   *
   * @param maxLatency the maximum of {@link StreamOptions#maxLatency}
   * @param maxFrameBytes the maximum audio in a frame, in bytes
   * @param maxRequestBytes the maximum size of a request in bytes
   * @param history the length of the audio that the server keeps of each open device; zero: none
   * @param stallLimit the time after which the server ends a stream that is not read
   * @param maxStreamsPerConnection concurrent streams over one connection
   * @param maxStreamsPerIdentity concurrent streams of the caller's token or certificate; 0: the
   *     caller has neither, so that there is no such limit
   * @param maxStreamBytesPerCaller memory on the server for all streams of the caller, in bytes
   * @param maxFramesPerSecondPerCaller frames per second of all streams of the caller
   * @param maxChannelsPerCapturedChannel channels that a stream can have for each captured channel
   */
  public record Limits(
      Duration maxLatency,
      int maxFrameBytes,
      int maxRequestBytes,
      Duration history,
      Duration stallLimit,
      int maxStreamsPerConnection,
      int maxStreamsPerIdentity,
      long maxStreamBytesPerCaller,
      int maxFramesPerSecondPerCaller,
      int maxChannelsPerCapturedChannel) {}
}
