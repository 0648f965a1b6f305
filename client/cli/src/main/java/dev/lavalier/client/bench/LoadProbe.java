package dev.lavalier.client.bench;

/** Looks at the machine that the load generator runs on. One thread calls it. */
interface LoadProbe {

  /** Begins to look. */
  void begin();

  /** Returns what was seen since {@link #begin}. */
  OwnLoad end();
}
