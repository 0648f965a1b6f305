package dev.lavalier.capture;

import dev.lavalier.audio.PcmFormat;
import java.time.Duration;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One open device: a line of this machine, or a device of another one. It delivers periods to a
 * {@link CaptureListener} on its own thread.
 *
 * <p>{@link #start}, {@link #stop} and {@link #close} are called in this order, each once, not
 * necessarily by one thread. The other methods may be called from any thread and never block.
 */
public interface Capture extends AutoCloseable {

  /** Returns the device, as it was listed when it was opened. */
  DeviceDescriptor device();

  /** Returns the format of the periods. */
  PcmFormat format();

  /** Returns the number of samples per channel in an ordinary period. */
  int periodSamples();

  /**
   * Returns the epoch of this capture, if its source numbers epochs; empty if the hub assigns the
   * number. It is the unix time in microseconds at which the epoch started, because the hub
   * estimates the gap between two epochs from it. It is not less than the number of any earlier
   * epoch of the device. Two captures have the same number only if their sample indexes continue: a
   * subscription then continues by these indexes.
   */
  default OptionalLong epoch() {
    return OptionalLong.empty();
  }

  /**
   * Returns the sample index from which the first period starts, or a lower one; 0 unless the
   * source numbers the samples of an epoch that began before this capture. Until the first period,
   * a subscription can resume at this position or an earlier one of the same epoch.
   */
  default long startIndex() {
    return 0;
  }

  /**
   * Returns how late a period can be; zero unless the device is one of another machine. A
   * subscription can resume at a position that another server delivered, if this capture reaches it
   * within this time.
   */
  default Duration maxDelay() {
    return Duration.ZERO;
  }

  /**
   * Returns the periods of the epoch that precede this capture, the oldest first, if the source
   * kept some. A hub with a history adds them to it, so that a subscription can start there. They
   * end at or before {@link #startIndex}, which this call can raise; they and the first period may
   * have losses between them. May block for some seconds. Called at most once, before {@link
   * #start}.
   *
   * @param history how much the hub keeps
   */
  default List<Period> kept(Duration history) {
    return List.of();
  }

  /**
   * Starts the capture and its thread.
   *
   * @param listener receives the periods; no method of it is called before this call
   */
  void start(CaptureListener listener);

  /**
   * Stops the capture and waits for its thread to end. After that the listener is not called any
   * more. May block for as long as the sound system does.
   *
   * @return whether the thread ended within {@code timeout}
   */
  boolean stop(Duration timeout) throws InterruptedException;

  /** Returns the number of periods that have been delivered. */
  long periods();

  /**
   * Returns how long the device may deliver no period before it is considered lost.
   *
   * @param first whether it has not delivered any period yet, which takes longer
   */
  Duration silenceTimeout(boolean first);

  /**
   * Returns how much faster the device's clock runs than this machine's, in parts per million;
   * empty until it is measured to within 5 ppm.
   */
  OptionalDouble clockPpm();

  /** Releases the device. May block for as long as the sound system does. */
  @Override
  void close();
}
