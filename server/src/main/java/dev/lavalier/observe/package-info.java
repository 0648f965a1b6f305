/**
 * The records of a server: the audit log ({@link dev.lavalier.observe.AuditLog}), flight recorder
 * events ({@link dev.lavalier.observe.JfrEvents}) and, if enabled, metrics ({@link
 * dev.lavalier.observe.Metrics}).
 *
 * <p>Depends on {@code hub} and the packages below it, and implements the observer of the hub. Its
 * classes for a fleet, which only a server of a fleet loads, depend on {@code fleet}. Observers
 * must not block or throw, because they run on capture threads, delivery loops and device actors.
 */
@NullMarked
package dev.lavalier.observe;

import org.jspecify.annotations.NullMarked;
