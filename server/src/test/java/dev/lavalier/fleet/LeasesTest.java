package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class LeasesTest {

  private static final long LEASE = Timing.LEASE.toNanos();

  private final List<String> ended = new ArrayList<>();
  private final Leases leases =
      new Leases(
          new FleetObserver() {
            @Override
            public void onLeaseEnded(String edge, String device, Duration held, String reason) {
              ended.add(edge + " " + held.toSeconds() + " s " + reason);
            }
          });

  @Test
  void leaseExpires_unlessItIsRenewedInTime() {
    assertThat(leases.grant("mic", "a", 1, 0, 0)).isTrue();
    leases.renew("mic", "a", 1, 3, LEASE - 1);
    leases.expire(LEASE);
    assertThat(leases.listeners("mic")).containsExactly(entry("a", 3));
    leases.expire(2 * LEASE);
    assertThat(leases.isHeld("mic")).isFalse();
    leases.renew("mic", "a", 1, 3, 2 * LEASE);
    assertThat(leases.isHeld("mic")).isFalse();
    assertThat(ended).containsExactly("a 10 s expired");
  }

  @Test
  void renewalOfAnExpiredLease_grantsItAgainWhileAnotherEdgeHasOne() {
    leases.grant("mic", "a", 1, 1, 0);
    leases.grant("mic", "b", 1, 1, LEASE - 1);
    leases.expire(LEASE);
    assertThat(leases.listeners("mic")).containsOnlyKeys("b");
    leases.renew("mic", "a", 1, 2, LEASE);
    assertThat(leases.listeners("mic")).containsOnly(entry("a", 2), entry("b", 1));
  }

  @Test
  void renewalOfAnEarlierLease_hasNoEffect() {
    leases.grant("mic", "a", 1, 1, 0);
    leases.grant("mic", "a", 2, 1, 0);
    leases.renew("mic", "a", 1, 7, LEASE - 1);
    assertThat(leases.listeners("mic")).containsExactly(entry("a", 1));
    leases.expire(LEASE);
    assertThat(leases.isHeld("mic")).isFalse();
  }

  @Test
  void deviceIsHeldWhileAnyEdgeHasALease() {
    leases.grant("mic", "a", 1, 0, 0);
    leases.grant("mic", "b", 1, 0, 0);
    leases.release("mic", "a", 1, 1);
    assertThat(leases.isHeld("mic")).isTrue();
    leases.release("mic", "b", 1, 1);
    assertThat(leases.isHeld("mic")).isFalse();
    assertThat(ended).containsExactly("a 0 s released", "b 0 s released");
  }

  @Test
  void releaseThatWasOvertaken_doesNotEndTheLaterLease() {
    leases.grant("mic", "a", 1, 0, 0);
    leases.grant("mic", "a", 2, 0, 0);
    leases.release("mic", "a", 1, 1);
    assertThat(leases.isHeld("mic")).isTrue();
  }

  @Test
  void edgesBeyondTheMaximum_getNoLease() {
    for (int i = 0; i < Leases.MAX_EDGES; i++) {
      assertThat(leases.grant("mic", "e" + i, 1, 0, 0)).isTrue();
    }
    assertThat(leases.grant("mic", "more", 1, 0, 0)).isFalse();
    assertThat(leases.grant("mic", "e0", 2, 0, 0)).isTrue();
  }
}
