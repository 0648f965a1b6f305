package dev.lavalier.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.lavalier.access.Authentication;
import dev.lavalier.access.Grants;
import dev.lavalier.common.StreamException;
import dev.lavalier.common.StreamException.Reason;
import dev.lavalier.testing.ManualTimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests the limits of calls, and the end of calls without access. */
final class ActiveCallsTest {

  private static final String WATCH_DEVICES = "lavalier.v1.AudioCapture/WatchDevices";
  private static final String PULL = "lavalier.v1.AudioCapture/PullFrames";
  private static final String HEALTH_WATCH = "grpc.health.v1.Health/Watch";

  private final ManualTimeSource timeSource = new ManualTimeSource();
  private final ActiveCalls calls = new ActiveCalls(timeSource, 50);
  private final List<StreamException> ends = new ArrayList<>();
  private boolean revoked;
  private boolean grantsFail;

  private Caller ann(String address) {
    return new Caller(
        new Authentication() {
          @Override
          public Optional<String> name() {
            return Optional.of("ann");
          }

          @Override
          public Optional<Grants> grants() {
            if (grantsFail) {
              throw new IllegalStateException("simulated");
            }
            return revoked ? Optional.empty() : Optional.of(Grants.ALL);
          }
        },
        address);
  }

  private ActiveCalls.ActiveCall add(Caller caller, String method) throws StreamException {
    return calls.add(caller, method, ends::add);
  }

  private String refusal(Caller caller, String method) {
    StreamException refusal =
        catchThrowableOfType(StreamException.class, () -> add(caller, method));
    assertThat(refusal.reason()).isEqualTo(Reason.LIMIT_REACHED);
    return refusal.getMessage();
  }

  @Test
  void callsOfOneIdentityAreLimitedOverAllConnections() throws Exception {
    ActiveCalls.ActiveCall last = null;
    for (int i = 0; i < 150; i++) {
      last = add(ann("peer" + i), i % 2 == 0 ? PULL : WATCH_DEVICES);
    }
    assertThat(refusal(ann("another"), PULL))
        .isEqualTo("calls by ann: the limit of 150 is reached; end a call or try again later");
    last.remove();
    last.remove(); // has no effect
    add(ann("another"), PULL);
    assertThat(refusal(ann("another"), PULL)).startsWith("calls by ann:");
  }

  @Test
  void callsThatStartAndEndAreLimitedPerSecond() throws Exception {
    for (int i = 0; i < 300; i++) {
      add(ann("peer" + i), PULL).remove();
    }
    String refusal =
        "calls per second by ann: the limit of 30 is reached, after 300 calls at once; try again"
            + " later";
    assertThat(refusal(ann("peer"), PULL)).isEqualTo(refusal);
    add(new Caller(Authentication.anonymous(Grants.ALL), "peer"), PULL).remove();
    timeSource.advance(Duration.ofSeconds(1));
    for (int i = 0; i < 30; i++) {
      add(ann("peer" + i), PULL).remove();
    }
    assertThat(refusal(ann("peer"), PULL)).isEqualTo(refusal);
  }

  @Test
  void callsOfAllAnonymousCallersAreLimitedTogether() throws Exception {
    for (int i = 0; i < 2_000; i++) {
      add(new Caller(Authentication.anonymous(Grants.ALL), "peer" + i / 100), WATCH_DEVICES);
    }
    assertThat(refusal(new Caller(Authentication.anonymous(Grants.ALL), "new"), WATCH_DEVICES))
        .startsWith("calls that are not streams: the limit of 2000 is reached;");
  }

  @ParameterizedTest
  @ValueSource(strings = {"StreamFrames", "PullFrames", "StreamLevels"})
  void streamsDoNotCountAsOtherCalls(String method) throws Exception {
    Caller caller = new Caller(Authentication.anonymous(Grants.ALL), "peer");
    for (int i = 0; i < 150; i++) {
      add(caller, "lavalier.v1.AudioCapture/" + method);
    }
    add(caller, WATCH_DEVICES);
  }

  @Test
  void watchesWithoutAccessAreLimitedTogetherAndTakeNoPlaceOfOthers() throws Exception {
    for (int i = 0; i < 256; i++) {
      add(Caller.withoutAccess("peer" + i / 4), HEALTH_WATCH);
    }
    assertThat(refusal(Caller.withoutAccess("new"), HEALTH_WATCH))
        .startsWith("health watches without access: the limit of 256 is reached;");
    add(ann("peer0"), HEALTH_WATCH);
  }

  @Test
  void refusedCallTakesNoPlace() throws Exception {
    for (int i = 0; i < 100; i++) {
      add(ann("peer"), WATCH_DEVICES);
    }
    for (int i = 0; i < 100; i++) {
      refusal(ann("peer"), WATCH_DEVICES);
    }
    for (int i = 0; i < 50; i++) {
      add(ann("peer"), PULL);
    }
    assertThat(refusal(ann("peer"), PULL)).startsWith("calls by ann:");
  }

  @Test
  void onlyCallsWithoutAccessAreEnded() throws Exception {
    add(ann("peer"), WATCH_DEVICES);
    add(Caller.withoutAccess("peer"), HEALTH_WATCH);
    calls.endUnauthorized();
    assertThat(ends).isEmpty();
    revoked = true;
    calls.endUnauthorized();
    assertThat(ends).extracting(StreamException::reason).containsExactly(Reason.NOT_AUTHENTICATED);
    revoked = false;
    timeSource.advance(Duration.ofMinutes(5));
    calls.endUnauthorized();
    assertThat(ends)
        .extracting(StreamException::reason)
        .containsExactly(Reason.NOT_AUTHENTICATED, Reason.LIMIT_REACHED);
  }

  @Test
  void callThatIsEndedFreesItsPlaceAtOnce() throws Exception {
    for (int i = 0; i < 4; i++) {
      add(Caller.withoutAccess("peer"), HEALTH_WATCH);
    }
    refusal(Caller.withoutAccess("peer"), HEALTH_WATCH);
    timeSource.advance(Duration.ofMinutes(5));
    calls.endUnauthorized();
    calls.endUnauthorized();
    assertThat(ends).hasSize(4);
    add(Caller.withoutAccess("peer"), HEALTH_WATCH);
  }

  @Test
  void checkThatFailsDoesNotKeepOtherCalls() throws Exception {
    add(ann("peer"), WATCH_DEVICES);
    for (int i = 0; i < 4; i++) {
      add(Caller.withoutAccess("peer"), HEALTH_WATCH);
    }
    grantsFail = true;
    timeSource.advance(Duration.ofMinutes(5));
    calls.endUnauthorized();
    assertThat(ends).hasSize(4);
  }
}
