package dev.lavalier.client.it;

/**
 * For what a sound server plays or records in real time: it drops out, and rightly so, where the
 * machine is held up for longer than its own buffer. One of three attempts must be whole.
 */
final class Attempts {

  private static final int COUNT = 3;

  /** One attempt, which asserts. */
  interface Attempt {
    void run() throws Exception;
  }

  private Attempts() {}

  static void oneMustHold(Attempt attempt) throws Exception {
    for (int i = 1; i < COUNT; i++) {
      try {
        attempt.run();
        return;
      } catch (AssertionError dropout) {
        System.err.println("attempt " + i + " of " + COUNT + ": " + dropout.getMessage());
      }
    }
    attempt.run();
  }
}
