package dev.lavalier.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class LeasesTest {

  private static final long LEASE = Timing.LEASE.toNanos();

  private final Leases leases = new Leases();

  @Test
  void leaseExpires_unlessItIsRenewedInTime() {
    assertThat(leases.grant("mic", "a", 1, 0)).isTrue();
    leases.renew("mic", "a", LEASE - 1);
    leases.expire(LEASE);
    assertThat(leases.isHeld("mic")).isTrue();
    leases.renew("mic", "a", 2 * LEASE);
    leases.expire(2 * LEASE);
    assertThat(leases.isHeld("mic")).isFalse();
    leases.renew("mic", "a", 2 * LEASE);
    assertThat(leases.isHeld("mic")).isFalse();
  }

  @Test
  void deviceIsHeldWhileAnyEdgeHasALease() {
    leases.grant("mic", "a", 1, 0);
    leases.grant("mic", "b", 1, 0);
    leases.release("mic", "a", 1);
    assertThat(leases.isHeld("mic")).isTrue();
    leases.release("mic", "b", 1);
    assertThat(leases.isHeld("mic")).isFalse();
  }

  @Test
  void releaseThatWasOvertaken_doesNotEndTheLaterLease() {
    leases.grant("mic", "a", 1, 0);
    leases.grant("mic", "a", 2, 0);
    leases.release("mic", "a", 1);
    assertThat(leases.isHeld("mic")).isTrue();
  }

  @Test
  void edgesBeyondTheMaximum_getNoLease() {
    for (int i = 0; i < Leases.MAX_EDGES; i++) {
      assertThat(leases.grant("mic", "e" + i, 1, 0)).isTrue();
    }
    assertThat(leases.grant("mic", "more", 1, 0)).isFalse();
    assertThat(leases.grant("mic", "e0", 2, 0)).isTrue();
  }
}
