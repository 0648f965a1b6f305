package dev.lavalier.client;

/** Runs code of the program, so that its exceptions do not end a stream. */
final class Callbacks {

  private Callbacks() {}

  /**
   * Runs a callback. An exception goes to the handler for uncaught exceptions of this thread, which
   * prints it unless the program has set another.
   *
   * @return whether the callback returned without an exception
   */
  static boolean run(Runnable callback) {
    try {
      callback.run();
      return true;
    } catch (Throwable e) { // also a checked exception: other languages than Java throw them
      Thread thread = Thread.currentThread();
      thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
      return false;
    }
  }
}
