package dev.lavalier.hub;

/** What other threads see of a device. Its actor writes, any thread reads. */
final class PublishedState {

  private final Runnable onChange;
  private volatile DeviceState state = DeviceState.CLOSED;
  private volatile int subscriberCount;

  /** Creates the state of a closed device. {@code onChange} is called after each change. */
  PublishedState(Runnable onChange) {
    this.onChange = onChange;
  }

  /** Publishes the state and the number of subscribers. */
  void update(DeviceState newState, int newCount) {
    if (newState != state || newCount != subscriberCount) {
      state = newState;
      subscriberCount = newCount;
      onChange.run();
    }
  }

  DeviceState state() {
    return state;
  }

  int subscriberCount() {
    return subscriberCount;
  }
}
