/**
 * The {@code lavalier} program. It uses only the public library, the load generator and the probe.
 */
@NullMarked
package dev.lavalier.client.cli;

import org.jspecify.annotations.NullMarked;
