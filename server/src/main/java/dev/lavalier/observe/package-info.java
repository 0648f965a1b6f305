/**
 * What is recorded of a server: the audit ({@link dev.lavalier.observe.AuditLog}), flight recorder
 * events ({@link dev.lavalier.observe.JfrEvents}) and, where the operator wants them, figures
 * ({@link dev.lavalier.observe.Metrics}).
 *
 * <p>Depends on {@code hub} and below, and hears of it by its observer. Nothing here may block or
 * throw: it runs on readers, lanes and actors.
 */
package dev.lavalier.observe;
