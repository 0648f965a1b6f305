package dev.lavalier.junit;

/** Creates threads that do not keep the JVM running. */
final class Threads {

  private Threads() {}

  static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "lavalier-testing");
    thread.setDaemon(true);
    return thread;
  }
}
