package dev.lavalier.audio;

import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The planes of one pipeline, so that its converters share them. A plane is discarded when no
 * converter uses it. Used by the thread that creates the converters.
 */
public final class Planes {

  private record Key(PcmFormat captured, int source, int up, int down) {}

  private final PolyphaseFilters filters;
  private final Map<Key, WeakReference<Plane>> planes = new HashMap<>();

  /**
   * Creates an empty set of planes.
   *
   * @param filters has the filters between sample rates
   */
  public Planes(PolyphaseFilters filters) {
    this.filters = filters;
  }

  /** Returns the plane of one source of a conversion. Designs its filter if necessary. */
  Plane of(Conversion conversion, int source) {
    Key key = new Key(conversion.captured(), source, conversion.up(), conversion.down());
    WeakReference<Plane> reference = planes.get(key);
    Plane plane = reference == null ? null : reference.get();
    if (plane == null) {
      @Nullable PolyphaseFilter filter =
          conversion.isResampled() ? filters.of(conversion.up(), conversion.down()) : null;
      plane = new Plane(conversion.captured(), source, filter);
      planes.values().removeIf(each -> each.get() == null);
      planes.put(key, new WeakReference<>(plane));
    }
    return plane;
  }
}
