package dev.lavalier.hub;

import dev.lavalier.pipeline.CapturePipeline;
import org.jspecify.annotations.Nullable;

/** What other threads see of a device. Its actor writes, any thread reads. */
final class PublishedState {

  private final Runnable onChange;
  private volatile DeviceState state = DeviceState.CLOSED;
  private volatile int subscriberCount;
  private volatile @Nullable CapturePipeline pipeline; // null: the device is not open

  /** Creates the state of a closed device. {@code onChange} is called after each change. */
  PublishedState(Runnable onChange) {
    this.onChange = onChange;
  }

  /** Publishes the state, the number of subscribers, and the pipeline of the open device. */
  void update(DeviceState newState, int newCount, @Nullable OpenDevice open) {
    pipeline = open == null ? null : open.pipeline;
    if (newState != state || newCount != subscriberCount) {
      state = newState;
      subscriberCount = newCount;
      onChange.run();
    }
  }

  DeviceState state() {
    return state;
  }

  @Nullable CapturePipeline pipeline() {
    return pipeline;
  }

  int subscriberCount() {
    return subscriberCount;
  }
}
