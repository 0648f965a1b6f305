/**
 * A deterministic simulation of the devices, readers, hub and subscriptions. One thread runs all
 * tasks of the server in an order that a seed determines, in virtual time. {@link
 * dev.lavalier.simulation.Simulation} is one run; docs/internals/testing.md describes it.
 */
@NullMarked
package dev.lavalier.simulation;

import org.jspecify.annotations.NullMarked;
