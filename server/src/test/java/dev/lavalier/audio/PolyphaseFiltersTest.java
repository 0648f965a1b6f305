package dev.lavalier.audio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

/** Tests which filters are kept while no stream uses them. */
final class PolyphaseFiltersTest {

  private final PolyphaseFilters filters = new PolyphaseFilters();

  @Test
  void filterOfAStreamThatHasEndedIsKept() {
    WeakReference<PolyphaseFilter> first = new WeakReference<>(filters.of(1, 3));
    System.gc();
    assertThat(first.get()).isNotNull().isSameAs(filters.of(1, 3));
  }

  /** These filters have 5.2 MiB each. */
  @Test
  void onlySomeMegabytesAreKept() {
    WeakReference<PolyphaseFilter> first = new WeakReference<>(filters.of(147, 5_120));
    WeakReference<PolyphaseFilter> second = new WeakReference<>(filters.of(147, 5_121));
    System.gc();
    assertThat(first.get()).isNull();
    assertThat(second.get()).isNotNull();
  }
}
