/**
 * Authentication and authorization: grants, the token file, the credentials of callers, the
 * certificate of the server, and the log of rejected callers.
 *
 * <p>Depends on {@code common}. Knows no transport.
 */
@NullMarked
package dev.lavalier.access;

import org.jspecify.annotations.NullMarked;
