/**
 * The link of a fleet over nats-server. {@link dev.lavalier.fleet.nats.NatsLink} is the link, with
 * {@link dev.lavalier.fleet.nats.NatsOptions}. {@link dev.lavalier.fleet.nats.Nkey} and {@link
 * dev.lavalier.fleet.nats.Permissions} are for the configuration of nats-server.
 *
 * <p>Uses {@code fleet}, {@code access} for files, and {@code common}. Only this package uses the
 * client library of NATS. {@code fleet} does not use it.
 */
@NullMarked
package dev.lavalier.fleet.nats;

import org.jspecify.annotations.NullMarked;
