package dev.lavalier.simulation;

import java.util.function.BooleanSupplier;

/**
 * What the subscribers of a run share.
 *
 * @param devices the sound system
 * @param codec the codec of all subscriptions
 * @param calm whether the machine is never slow and no thread is ever frozen
 * @param historyNanos length of the history; 0: none
 * @param stopping whether the hub is being stopped
 */
record Environment(
    Scheduler scheduler,
    VirtualTime time,
    Violations violations,
    SimulatedDevices devices,
    RecordingCodec codec,
    boolean calm,
    long historyNanos,
    long stallNanos,
    BooleanSupplier stopping) {}
