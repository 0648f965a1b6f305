package dev.lavalier.audio;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;

/**
 * The filters in use, one for each ratio of rates, so that streams share their taps. A filter that
 * is not used any more is discarded. Safe for use from any thread; designing a filter takes some
 * milliseconds.
 */
public final class PolyphaseFilters {

  private record Ratio(int up, int down) {}

  private final Map<Ratio, WeakReference<PolyphaseFilter>> filters = new HashMap<>();

  /** Returns the filter for a ratio in lowest terms, and designs it if necessary. */
  synchronized PolyphaseFilter of(int up, int down) {
    Ratio ratio = new Ratio(up, down);
    WeakReference<PolyphaseFilter> known = filters.get(ratio);
    PolyphaseFilter filter = known == null ? null : known.get();
    if (filter == null) {
      filter = new PolyphaseFilter(up, down);
      filters.values().removeIf(reference -> reference.get() == null);
      filters.put(ratio, new WeakReference<>(filter));
    }
    return filter;
  }
}
