/**
 * The {@code lavalier} program. It uses only the public library, the load generator, the probe and
 * the watch of pipes.
 */
@NullMarked
package dev.lavalier.client.cli;

import org.jspecify.annotations.NullMarked;
