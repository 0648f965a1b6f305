package dev.lavalier.client.bench;

/** Looks at the machine that the load generator runs on. One thread calls it. */
interface LoadProbe {

  /** Begins to look. */
  void start();

  /** Returns what was seen since {@link #start}. */
  GeneratorLoad stop();
}
