package dev.lavalier.client.cli;

import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Runs tasks that wait for each other, each on a thread of its own. The common pool is too small
 * for that: on two processors it has one thread.
 */
final class Background {

  private Background() {}

  static <T> CompletableFuture<T> supply(Supplier<T> task) {
    return CompletableFuture.supplyAsync(task, Background::start);
  }

  static CompletableFuture<Void> run(Runnable task) {
    return CompletableFuture.runAsync(task, Background::start);
  }

  private static void start(Runnable task) {
    Thread thread = new Thread(task, "test-background");
    thread.setDaemon(true);
    thread.start();
  }
}
