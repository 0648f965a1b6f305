package dev.lavalier.hub;

/**
 * The states of one device and all transitions between them. It has no threads and makes no calls:
 * the device's actor reports events and carries out the returned actions. docs/architecture.md
 * contains the table; {@code DeviceLifecycleTest} tests it.
 *
 * <p>Used by the device's actor only.
 */
final class DeviceLifecycle {

  /** After this many closings that have not completed, the driver is considered broken. */
  static final int MAX_HANGING_CALLS = 3;

  /** The internal state of the device. */
  enum State {
    /** Not open, and not needed. */
    CLOSED,
    /** The sound system was asked to open it. */
    OPENING,
    /** The sound system was asked to open it and has not answered in time. */
    OPENING_OVERDUE,
    /** Open. After a loss, it counts as lost until its first period arrives. */
    OPEN,
    /** The sound system was asked to close it. */
    CLOSING,
    /** Not open, but needed: an attempt to open it is scheduled. */
    BACKOFF,
    /**
     * Too many closings have not completed. No calls are made until one of them is over or some
     * time has passed.
     */
    UNRESPONSIVE,
    /** The server is stopping and the device is closed. */
    STOPPED
  }

  /** The events that can change the state. */
  enum Event {
    /** A subscription was added, or the device becomes an always-on device. */
    NEEDED,
    /** A subscription ended. */
    LEFT,
    /** The sound system opened it. */
    OPENED,
    /** The sound system refused to open it; the subscriptions that waited for it were refused. */
    REFUSED,
    /** The first period arrived. */
    FIRST_PERIOD,
    /** It was lost while it was open. */
    LOST,
    /** The sound system closed it. */
    CLOSED,
    /** The sound system has not answered in time. */
    TIMEOUT,
    /** It is time for the next attempt, or the list of devices has changed. */
    RETRY,
    /** A closing that had timed out has completed, or is too old to count. */
    ABANDONED_OVER,
    /** It has been unresponsive for long enough to try again. */
    RECOVERY,
    /** The server is stopping. */
    STOP
  }

  /** Why the device is needed, the strongest need first. */
  enum Need {
    /** The server is stopping: no subscription is served any more. */
    STOPPING,
    /** Subscriptions are being served. */
    ACTIVE,
    /** Subscriptions wait for it to open. */
    PENDING,
    /** It is always on, or subscriptions wait for it to return after a loss. */
    RETURN,
    /** It is not needed. */
    NONE
  }

  /** The actions of the actor. */
  enum Action {
    /** Nothing. */
    NONE,
    /** Ask the sound system to open it. */
    OPEN,
    /** Ask the sound system to close it. */
    CLOSE,
    /** Start the subscriptions that wait. */
    ACTIVATE,
    /** Schedule an attempt to open it. */
    SCHEDULE_RETRY,
    /** Refuse the subscriptions that wait, because the device does not respond. */
    REFUSE,
    /** Like {@link #REFUSE}, and schedule {@link Event#RECOVERY}. */
    REFUSE_AND_SCHEDULE_RECOVERY,
    /** Refuse the subscriptions that wait, because the server is stopping. */
    REFUSE_STOPPING,
    /** Report that the device has stopped. */
    FINISH_STOP
  }

  private State state = State.CLOSED;
  private boolean lost; // from a loss until the device delivers audio or is not needed any more
  private int hangingCalls; // closings that timed out and are not over

  State state() {
    return state;
  }

  /** Returns whether the device was lost and has not delivered audio since. */
  boolean isLost() {
    return lost;
  }

  /** Returns the state that clients see. */
  DeviceState publicState() {
    return switch (state) {
      case CLOSED, STOPPED -> DeviceState.CLOSED;
      case OPENING -> lost ? DeviceState.LOST : DeviceState.OPENING;
      case OPEN -> lost ? DeviceState.LOST : DeviceState.OPEN;
      case CLOSING -> lost ? DeviceState.LOST : DeviceState.CLOSING;
      case BACKOFF -> lost ? DeviceState.LOST : DeviceState.CLOSED;
      case OPENING_OVERDUE, UNRESPONSIVE -> DeviceState.NOT_RESPONDING;
    };
  }

  /**
   * Makes the transition for an event.
   *
   * @param need why the device is needed at this moment
   * @return what the actor has to do now
   */
  Action on(Event event, Need need) {
    Action action =
        switch (event) {
          case NEEDED -> onNeeded(need);
          case LEFT -> onLeft(need);
          case OPENED -> onOpened(need);
          case REFUSED -> isOpening() ? onNotOpen(need) : Action.NONE;
          case FIRST_PERIOD -> onFirstPeriod();
          case LOST -> onLost();
          case CLOSED -> state == State.CLOSING ? onNotOpen(need) : Action.NONE;
          case TIMEOUT -> onTimeout(need);
          case RETRY -> state == State.BACKOFF ? onRetry(need) : Action.NONE;
          case ABANDONED_OVER -> onAbandonedOver(need);
          case RECOVERY -> onRecovery(need);
          case STOP -> onStop();
        };
    if (state == State.CLOSED || state == State.STOPPED) {
      lost = false;
    }
    return action;
  }

  private Action onNeeded(Need need) {
    if (need == Need.STOPPING) {
      return Action.REFUSE_STOPPING;
    }
    return switch (state) {
      case CLOSED, BACKOFF -> enter(State.OPENING, Action.OPEN);
      case OPEN -> Action.ACTIVATE;
      case OPENING_OVERDUE, UNRESPONSIVE -> Action.REFUSE;
      case OPENING, CLOSING, STOPPED -> Action.NONE;
    };
  }

  private Action onLeft(Need need) {
    if (need == Need.NONE && state == State.OPEN) {
      return enter(State.CLOSING, Action.CLOSE);
    }
    if (need == Need.NONE && state == State.BACKOFF) {
      return enter(State.CLOSED, Action.NONE);
    }
    return Action.NONE;
  }

  private Action onOpened(Need need) {
    if (state == State.STOPPED) {
      return Action.CLOSE; // the call completed after the stop had timed out
    }
    if (!isOpening()) {
      return Action.NONE;
    }
    return need == Need.NONE || need == Need.STOPPING
        ? enter(State.CLOSING, Action.CLOSE)
        : enter(State.OPEN, Action.ACTIVATE);
  }

  private Action onFirstPeriod() {
    if (state == State.OPEN) {
      lost = false;
    }
    return Action.NONE;
  }

  private Action onLost() {
    if (state != State.OPEN) {
      return Action.NONE;
    }
    lost = true;
    return enter(State.CLOSING, Action.CLOSE);
  }

  private Action onTimeout(Need need) {
    if (state == State.OPENING) {
      return need == Need.STOPPING
          ? enter(State.STOPPED, Action.FINISH_STOP)
          : enter(State.OPENING_OVERDUE, Action.REFUSE);
    }
    if (state != State.CLOSING) {
      return Action.NONE;
    }
    // A line of a killed sound server never closes, but a line of the restarted sound server can be
    // opened.
    hangingCalls++;
    return hangingCalls < MAX_HANGING_CALLS || need == Need.STOPPING
        ? onNotOpen(need)
        : enter(State.UNRESPONSIVE, Action.REFUSE_AND_SCHEDULE_RECOVERY);
  }

  private Action onRetry(Need need) {
    return need == Need.NONE ? enter(State.CLOSED, Action.NONE) : enter(State.OPENING, Action.OPEN);
  }

  private Action onAbandonedOver(Need need) {
    hangingCalls = Math.max(0, hangingCalls - 1);
    return state == State.UNRESPONSIVE ? onNotOpen(need) : Action.NONE;
  }

  private Action onRecovery(Need need) {
    if (state != State.UNRESPONSIVE) {
      return Action.NONE;
    }
    hangingCalls =
        MAX_HANGING_CALLS - 1; // after one more hanging closing, it is unresponsive again
    return onNotOpen(need);
  }

  private Action onStop() {
    return switch (state) {
      case CLOSED, BACKOFF, OPENING_OVERDUE, UNRESPONSIVE, STOPPED ->
          enter(State.STOPPED, Action.FINISH_STOP);
      case OPEN -> enter(State.CLOSING, Action.CLOSE);
      case OPENING, CLOSING -> Action.NONE; // the result of the call decides
    };
  }

  /** Makes the transition of a device that is not open while no call is in progress. */
  private Action onNotOpen(Need need) {
    return switch (need) {
      case STOPPING -> enter(State.STOPPED, Action.FINISH_STOP);
      case ACTIVE, PENDING -> enter(State.OPENING, Action.OPEN);
      case RETURN -> enter(State.BACKOFF, Action.SCHEDULE_RETRY);
      case NONE -> enter(State.CLOSED, Action.NONE);
    };
  }

  private boolean isOpening() {
    return state == State.OPENING || state == State.OPENING_OVERDUE;
  }

  private Action enter(State next, Action action) {
    state = next;
    return action;
  }
}
