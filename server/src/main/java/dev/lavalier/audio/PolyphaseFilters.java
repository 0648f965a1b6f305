package dev.lavalier.audio;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The filters in use, one for each ratio of rates, so that streams share their taps. A filter that
 * is not used any more is discarded. Safe for use from any thread; designing a filter takes some
 * milliseconds.
 */
public final class PolyphaseFilters {

  private record Ratio(int up, int down) {}

  private final Map<Ratio, WeakReference<PolyphaseFilter>> filters = new ConcurrentHashMap<>();

  /** Returns the filter for a ratio in lowest terms, and designs it if necessary. */
  PolyphaseFilter of(int up, int down) {
    Ratio ratio = new Ratio(up, down);
    PolyphaseFilter filter = known(ratio);
    return filter == null ? designed(ratio) : filter;
  }

  private @Nullable PolyphaseFilter known(Ratio ratio) {
    WeakReference<PolyphaseFilter> reference = filters.get(ratio);
    return reference == null ? null : reference.get();
  }

  /** A design in progress delays other designs, but not those who use a known filter. */
  private synchronized PolyphaseFilter designed(Ratio ratio) {
    PolyphaseFilter filter = known(ratio);
    if (filter == null) {
      filter = new PolyphaseFilter(ratio.up(), ratio.down());
      filters.values().removeIf(reference -> reference.get() == null);
      filters.put(ratio, new WeakReference<>(filter));
    }
    return filter;
  }
}
