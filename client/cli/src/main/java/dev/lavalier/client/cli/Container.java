package dev.lavalier.client.cli;

import java.util.Locale;

/** What a recording is written as. */
enum Container {
  /** A WAV file, or a WAV stream of unknown length if the target cannot seek. */
  WAV,
  /** The samples, without a header. */
  RAW;

  /** Returns the name used on command lines. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
