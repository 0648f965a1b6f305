/**
 * A fleet: nodes share their devices, and edges serve them to clients. {@link
 * dev.lavalier.fleet.NodeAgent} is the part of a node, {@link dev.lavalier.fleet.FleetDevices} that
 * of an edge. A {@link dev.lavalier.fleet.Link} carries the messages between them.
 *
 * <p>Uses {@code hub}, {@code pipeline}, {@code capture}, {@code audio}, {@code common} and the
 * messages of {@code lavalier.fleet.v1}. Uses no engine of messages: {@code fleet.nats} implements
 * {@code Link}.
 */
@NullMarked
package dev.lavalier.fleet;

import org.jspecify.annotations.NullMarked;
