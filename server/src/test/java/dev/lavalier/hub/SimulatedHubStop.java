package dev.lavalier.hub;

import java.util.concurrent.CompletableFuture;

/** Stops a hub without waiting, for the simulation. */
public final class SimulatedHubStop {

  private SimulatedHubStop() {}

  /** Starts to stop a hub. The future completes when all devices are closed. */
  public static CompletableFuture<Void> stop(Hub hub) {
    return hub.stop();
  }
}
