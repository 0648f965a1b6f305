package dev.lavalier.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.hub.DeviceLifecycle.Action;
import dev.lavalier.hub.DeviceLifecycle.Event;
import dev.lavalier.hub.DeviceLifecycle.Need;
import dev.lavalier.hub.DeviceLifecycle.State;
import dev.lavalier.testing.Repository;
import java.io.IOException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests the transition table of docs/architecture.md for each state, event and need. */
final class DeviceLifecycleTest {

  /** The events that lead from the initial state to each state. */
  private static final Map<State, List<Step>> PATHS = new EnumMap<>(State.class);

  private record Step(Event event, Need need) {}

  static {
    Step needed = new Step(Event.NEEDED, Need.PENDING);
    Step opened = new Step(Event.OPENED, Need.PENDING);
    Step left = new Step(Event.LEFT, Need.NONE);
    Step hangs = new Step(Event.TIMEOUT, Need.NONE);
    PATHS.put(State.CLOSED, List.of());
    PATHS.put(State.OPENING, List.of(needed));
    PATHS.put(State.OPENING_OVERDUE, List.of(needed, new Step(Event.TIMEOUT, Need.PENDING)));
    PATHS.put(State.OPEN, List.of(needed, opened));
    PATHS.put(State.CLOSING, List.of(needed, opened, left));
    PATHS.put(State.BACKOFF, List.of(needed, new Step(Event.REFUSED, Need.RETURN)));
    PATHS.put(
        State.UNRESPONSIVE,
        List.of(
            needed, opened, left, hangs, needed, opened, left, hangs, needed, opened, left, hangs));
    PATHS.put(State.STOPPED, List.of(new Step(Event.STOP, Need.STOPPING)));
  }

  private static DeviceLifecycle in(State state) {
    DeviceLifecycle lifecycle = new DeviceLifecycle();
    PATHS.get(state).forEach(step -> lifecycle.on(step.event(), step.need()));
    assertThat(lifecycle.state()).isEqualTo(state);
    return lifecycle;
  }

  /**
   * The lines of the table. A combination that is not listed changes nothing and needs no action.
   */
  private static final List<Arguments> TABLE =
      List.of(
          cell(State.CLOSED, Event.NEEDED, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.CLOSED, Event.NEEDED, Need.RETURN, State.OPENING, Action.OPEN),
          cell(State.CLOSED, Event.STOP, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.OPENING, Event.OPENED, Need.PENDING, State.OPEN, Action.ACTIVATE),
          cell(State.OPENING, Event.OPENED, Need.RETURN, State.OPEN, Action.ACTIVATE),
          cell(State.OPENING, Event.OPENED, Need.NONE, State.CLOSING, Action.CLOSE),
          cell(State.OPENING, Event.OPENED, Need.STOPPING, State.CLOSING, Action.CLOSE),
          cell(State.OPENING, Event.REFUSED, Need.NONE, State.CLOSED, Action.NONE),
          cell(State.OPENING, Event.REFUSED, Need.RETURN, State.BACKOFF, Action.SCHEDULE_RETRY),
          cell(State.OPENING, Event.REFUSED, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.OPENING, Event.REFUSED, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.OPENING, Event.TIMEOUT, Need.NONE, State.OPENING_OVERDUE, Action.REFUSE),
          cell(State.OPENING, Event.TIMEOUT, Need.PENDING, State.OPENING_OVERDUE, Action.REFUSE),
          cell(State.OPENING, Event.TIMEOUT, Need.RETURN, State.OPENING_OVERDUE, Action.REFUSE),
          cell(State.OPENING, Event.TIMEOUT, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(
              State.OPENING_OVERDUE,
              Event.NEEDED,
              Need.PENDING,
              State.OPENING_OVERDUE,
              Action.REFUSE),
          cell(
              State.OPENING_OVERDUE,
              Event.NEEDED,
              Need.RETURN,
              State.OPENING_OVERDUE,
              Action.REFUSE),
          cell(State.OPENING_OVERDUE, Event.OPENED, Need.RETURN, State.OPEN, Action.ACTIVATE),
          cell(State.OPENING_OVERDUE, Event.OPENED, Need.PENDING, State.OPEN, Action.ACTIVATE),
          cell(State.OPENING_OVERDUE, Event.OPENED, Need.NONE, State.CLOSING, Action.CLOSE),
          cell(State.OPENING_OVERDUE, Event.OPENED, Need.STOPPING, State.CLOSING, Action.CLOSE),
          cell(State.OPENING_OVERDUE, Event.REFUSED, Need.NONE, State.CLOSED, Action.NONE),
          cell(
              State.OPENING_OVERDUE,
              Event.REFUSED,
              Need.RETURN,
              State.BACKOFF,
              Action.SCHEDULE_RETRY),
          cell(State.OPENING_OVERDUE, Event.REFUSED, Need.PENDING, State.OPENING, Action.OPEN),
          cell(
              State.OPENING_OVERDUE,
              Event.REFUSED,
              Need.STOPPING,
              State.STOPPED,
              Action.FINISH_STOP),
          cell(State.OPENING_OVERDUE, Event.STOP, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.OPEN, Event.NEEDED, Need.ACTIVE, State.OPEN, Action.ACTIVATE),
          cell(State.OPEN, Event.NEEDED, Need.PENDING, State.OPEN, Action.ACTIVATE),
          cell(State.OPEN, Event.NEEDED, Need.RETURN, State.OPEN, Action.ACTIVATE),
          cell(State.OPEN, Event.LEFT, Need.NONE, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.LOST, Need.NONE, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.LOST, Need.RETURN, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.LOST, Need.ACTIVE, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.LOST, Need.PENDING, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.LOST, Need.STOPPING, State.CLOSING, Action.CLOSE),
          cell(State.OPEN, Event.STOP, Need.STOPPING, State.CLOSING, Action.CLOSE),
          cell(State.CLOSING, Event.CLOSED, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.CLOSING, Event.CLOSED, Need.RETURN, State.BACKOFF, Action.SCHEDULE_RETRY),
          cell(State.CLOSING, Event.CLOSED, Need.NONE, State.CLOSED, Action.NONE),
          cell(State.CLOSING, Event.CLOSED, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.CLOSING, Event.TIMEOUT, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.CLOSING, Event.TIMEOUT, Need.RETURN, State.BACKOFF, Action.SCHEDULE_RETRY),
          cell(State.CLOSING, Event.TIMEOUT, Need.NONE, State.CLOSED, Action.NONE),
          cell(State.CLOSING, Event.TIMEOUT, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.BACKOFF, Event.NEEDED, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.BACKOFF, Event.NEEDED, Need.RETURN, State.OPENING, Action.OPEN),
          cell(State.BACKOFF, Event.LEFT, Need.NONE, State.CLOSED, Action.NONE),
          cell(State.BACKOFF, Event.RETRY, Need.RETURN, State.OPENING, Action.OPEN),
          cell(State.BACKOFF, Event.RETRY, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.BACKOFF, Event.RETRY, Need.NONE, State.CLOSED, Action.NONE),
          cell(State.BACKOFF, Event.STOP, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.UNRESPONSIVE, Event.NEEDED, Need.PENDING, State.UNRESPONSIVE, Action.REFUSE),
          cell(State.UNRESPONSIVE, Event.NEEDED, Need.RETURN, State.UNRESPONSIVE, Action.REFUSE),
          cell(State.UNRESPONSIVE, Event.ABANDONED_OVER, Need.NONE, State.CLOSED, Action.NONE),
          cell(
              State.UNRESPONSIVE,
              Event.ABANDONED_OVER,
              Need.RETURN,
              State.BACKOFF,
              Action.SCHEDULE_RETRY),
          cell(State.UNRESPONSIVE, Event.ABANDONED_OVER, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.UNRESPONSIVE, Event.RECOVERY, Need.NONE, State.CLOSED, Action.NONE),
          cell(
              State.UNRESPONSIVE,
              Event.RECOVERY,
              Need.RETURN,
              State.BACKOFF,
              Action.SCHEDULE_RETRY),
          cell(State.UNRESPONSIVE, Event.RECOVERY, Need.PENDING, State.OPENING, Action.OPEN),
          cell(State.UNRESPONSIVE, Event.STOP, Need.STOPPING, State.STOPPED, Action.FINISH_STOP),
          cell(State.STOPPED, Event.NEEDED, Need.STOPPING, State.STOPPED, Action.REFUSE_STOPPING),
          cell(State.STOPPED, Event.OPENED, Need.STOPPING, State.STOPPED, Action.CLOSE),
          cell(State.STOPPED, Event.STOP, Need.STOPPING, State.STOPPED, Action.FINISH_STOP));

  private static Arguments cell(State from, Event event, Need need, State next, Action action) {
    return Arguments.of(from, event, need, next, action);
  }

  private static Stream<Arguments> table() {
    return TABLE.stream();
  }

  @ParameterizedTest
  @MethodSource("table")
  void cellLeadsToStateAndAction(State from, Event event, Need need, State next, Action action) {
    DeviceLifecycle lifecycle = in(from);

    assertThat(lifecycle.on(event, need)).isEqualTo(action);
    assertThat(lifecycle.state()).isEqualTo(next);
  }

  /** Returns whether an event can happen in a state while there is a need. */
  private static boolean isPossible(State state, Event event, Need need) {
    if (event == Event.NEEDED && need == Need.NONE) {
      return false; // NEEDED is reported only while a subscriber needs the device
    }
    if (event == Event.STOP) {
      return need == Need.STOPPING; // STOP is reported only while the server stops
    }
    return switch (need) {
      // While the server stops, a device is in no other state; NEEDED has a test of its own.
      case STOPPING ->
          event != Event.NEEDED
              && (state == State.OPENING || state == State.CLOSING || state == State.STOPPED);
      case ACTIVE -> state == State.OPEN; // no subscriber is active while the device is not open
      case PENDING, RETURN, NONE -> state != State.STOPPED;
    };
  }

  private static Stream<Arguments> emptyCells() {
    Stream.Builder<Arguments> cells = Stream.builder();
    for (State state : State.values()) {
      for (Event event : Event.values()) {
        for (Need need : Need.values()) {
          boolean listed =
              TABLE.stream()
                  .map(Arguments::get)
                  .anyMatch(c -> c[0] == state && c[1] == event && c[2] == need);
          if (!listed && isPossible(state, event, need)) {
            cells.add(Arguments.of(state, event, need));
          }
        }
      }
    }
    return cells.build();
  }

  @ParameterizedTest
  @MethodSource("emptyCells")
  void cellThatIsNotInTheTableChangesNothing(State state, Event event, Need need) {
    DeviceLifecycle lifecycle = in(state);

    assertThat(lifecycle.on(event, need)).isEqualTo(Action.NONE);
    assertThat(lifecycle.state()).isEqualTo(state);
  }

  /** The cells of docs/architecture.md with these texts stand for no transition and no action. */
  private static final Set<String> TEXTS_OF_EMPTY_CELLS = Set.of("–", "wait", "not lost any more");

  private static Stream<Arguments> documentedCells() throws IOException {
    List<List<String>> rows =
        Repository.read(Repository.TOP.resolve("docs/architecture.md"))
            .lines()
            .dropWhile(line -> !line.startsWith("| state | NEEDED |"))
            .takeWhile(line -> line.startsWith("|"))
            .map(line -> Stream.of(line.split("\\|", -1)).map(String::strip).toList())
            .toList();
    List<String> events = rows.get(0);
    Stream.Builder<Arguments> cells = Stream.builder();
    for (Event event : Event.values()) {
      int column = events.indexOf(event.name());
      for (State state : State.values()) {
        String text =
            rows.stream()
                .filter(row -> row.get(1).equals(state.name()))
                .map(row -> row.get(column))
                .collect(Collectors.joining());
        cells.add(Arguments.of(state, event, text));
      }
    }
    return cells.build();
  }

  @ParameterizedTest
  @MethodSource("documentedCells")
  void documentedCellSaysWhetherSomethingHappens(State state, Event event, String text) {
    boolean listed =
        TABLE.stream().map(Arguments::get).anyMatch(c -> c[0] == state && c[1] == event);

    assertThat(text).isNotEmpty();
    assertThat(TEXTS_OF_EMPTY_CELLS.contains(text)).isEqualTo(!listed);
  }

  @Test
  void stoppingServerRefusesInEveryState() {
    for (State state : State.values()) {
      DeviceLifecycle lifecycle = in(state);
      assertThat(lifecycle.on(Event.NEEDED, Need.STOPPING)).isEqualTo(Action.REFUSE_STOPPING);
      assertThat(lifecycle.state()).isEqualTo(state);
    }
  }

  @Test
  void deviceStaysLostUntilAudioArrivesOrNoSubscriberWaits() {
    DeviceLifecycle lifecycle = in(State.OPEN);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.OPEN);
    lifecycle.on(Event.LOST, Need.RETURN);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.LOST);
    lifecycle.on(Event.CLOSED, Need.RETURN);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.LOST);
    lifecycle.on(Event.RETRY, Need.RETURN);
    assertThat(lifecycle.state()).isEqualTo(State.OPENING);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.LOST);
    lifecycle.on(Event.OPENED, Need.RETURN);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.LOST);
    lifecycle.on(Event.FIRST_PERIOD, Need.ACTIVE);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.OPEN);

    lifecycle.on(Event.LOST, Need.RETURN);
    lifecycle.on(Event.CLOSED, Need.RETURN);
    lifecycle.on(Event.LEFT, Need.NONE);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.CLOSED);
    lifecycle.on(Event.NEEDED, Need.PENDING);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.OPENING);
  }

  @Test
  void oneHangingCloseDoesNotMarkIdleDevice() {
    DeviceLifecycle lifecycle = in(State.CLOSING);
    lifecycle.on(Event.TIMEOUT, Need.NONE);

    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.CLOSED);
    assertThat(lifecycle.on(Event.NEEDED, Need.PENDING)).isEqualTo(Action.OPEN);
  }

  @Test
  void oneHangingCloseAfterRecoveryMarksDevice() {
    DeviceLifecycle lifecycle = in(State.UNRESPONSIVE);
    assertThat(lifecycle.publicState()).isEqualTo(DeviceState.NOT_RESPONDING);
    lifecycle.on(Event.RECOVERY, Need.NONE);
    lifecycle.on(Event.NEEDED, Need.PENDING);
    lifecycle.on(Event.OPENED, Need.PENDING);
    lifecycle.on(Event.LEFT, Need.NONE);

    assertThat(lifecycle.on(Event.TIMEOUT, Need.NONE))
        .isEqualTo(Action.REFUSE_AND_SCHEDULE_RECOVERY);
    assertThat(lifecycle.state()).isEqualTo(State.UNRESPONSIVE);
  }
}
