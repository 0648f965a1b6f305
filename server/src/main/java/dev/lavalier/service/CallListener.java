package dev.lavalier.service;

/**
 * One call in progress, as its transport drives it. The methods may be called on any thread, never
 * block, and may be called again, also after the call has ended.
 */
public interface CallListener {

  /** A call that has ended already. */
  CallListener ENDED =
      new CallListener() {
        @Override
        public void onReady() {}

        @Override
        public void onCancel(String reason) {}
      };

  /** The sink has become ready. */
  void onReady();

  /**
   * The call has ended, and not by the sink: the peer cancelled it, its deadline passed, or its
   * connection was lost.
   *
   * @param reason in a few words, for the records
   */
  void onCancel(String reason);
}
