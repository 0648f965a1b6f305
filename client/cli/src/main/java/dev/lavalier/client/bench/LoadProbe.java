package dev.lavalier.client.bench;

/** Measures the machine that the load generator runs on. For use by one thread. */
interface LoadProbe {

  /** Starts the measurement. */
  void start();

  /** Ends the measurement and returns the load since {@link #start}. */
  GeneratorLoad stop();
}
