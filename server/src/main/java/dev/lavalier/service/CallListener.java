package dev.lavalier.service;

/**
 * Receives the events of one call from its transport. The methods can be called on any thread and
 * do not block. They can be called repeatedly, even after the call has ended.
 */
public interface CallListener {

  /** The listener of a call that has already ended. */
  CallListener ENDED =
      new CallListener() {
        @Override
        public void onReady() {}

        @Override
        public void onCancel(String reason) {}
      };

  /** Called when the sink has become ready. */
  void onReady();

  /**
   * Called when the call has ended, but not through the sink: the peer cancelled it, its deadline
   * passed, or its connection was lost.
   *
   * @param reason the reason in a few words, for the audit log
   */
  void onCancel(String reason);
}
