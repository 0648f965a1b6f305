package dev.lavalier.client;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection state of one stream, and its listener. Safe for use from any thread. The listener
 * runs without a lock, on the thread that changes the state, or on the one in which it runs
 * already.
 */
final class ConnectionStates {

  private final Consumer<ConnectionState> listener;

  // Guarded by this.
  private ConnectionState state = ConnectionState.DISCONNECTED;
  private @Nullable ConnectionState reported; // null: none yet
  private int attempt;
  private boolean reporting;

  ConnectionStates(Consumer<ConnectionState> listener) {
    this.listener = listener;
  }

  synchronized ConnectionState state() {
    return state;
  }

  /** Begins an attempt to connect; returns its number. */
  int connecting() {
    int number;
    synchronized (this) {
      number = ++attempt;
      change(ConnectionState.CONNECTING);
    }
    report();
    return number;
  }

  /** Reports that the server has answered the last attempt, unless its connection has ended. */
  void ready() {
    synchronized (this) {
      if (state != ConnectionState.CONNECTING) {
        return;
      }
      state = ConnectionState.READY;
    }
    report();
  }

  /** Reports the end of an attempt or its connection. The end of an earlier one changes nothing. */
  void disconnected(int number) {
    synchronized (this) {
      if (number != attempt) {
        return;
      }
      change(ConnectionState.DISCONNECTED);
    }
    report();
  }

  void closed() {
    synchronized (this) {
      change(ConnectionState.CLOSED);
    }
    report();
  }

  private synchronized void change(ConnectionState next) {
    if (state != ConnectionState.CLOSED) {
      state = next;
    }
  }

  private void report() {
    while (true) {
      ConnectionState next;
      synchronized (this) {
        if (reporting || state == reported) {
          return;
        }
        reporting = true;
        next = state;
        reported = next;
      }
      Callbacks.run(() -> listener.accept(next));
      synchronized (this) {
        reporting = false;
      }
    }
  }
}
