package dev.lavalier.audio;

import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The filters in use, one for each ratio of rates, so that streams share their taps. The last ones
 * that were designed are kept, so that streams that start and end quickly do not cause the work of
 * a design each time. Other filters are discarded when they are not used any more. Safe for use
 * from any thread; designing a filter takes some milliseconds to some hundred milliseconds.
 */
public final class PolyphaseFilters {

  /** The memory of the filters that are kept without being used: all filters of one usual rate. */
  private static final long MAX_KEPT_BYTES = 8 << 20;

  private record Ratio(int up, int down) {}

  private final Map<Ratio, WeakReference<PolyphaseFilter>> filters = new ConcurrentHashMap<>();
  private final Deque<PolyphaseFilter> kept = new ArrayDeque<>(); // guarded by this
  private long keptBytes; // guarded by this

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
      keep(filter);
    }
    return filter;
  }

  private synchronized void keep(PolyphaseFilter filter) {
    kept.add(filter);
    keptBytes += filter.bytes();
    while (keptBytes > MAX_KEPT_BYTES) {
      keptBytes -= kept.remove().bytes();
    }
  }
}
