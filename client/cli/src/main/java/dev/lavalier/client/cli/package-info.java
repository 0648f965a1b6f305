/** The {@code lavalier} program. It uses only the public library and the load generator. */
@NullMarked
package dev.lavalier.client.cli;

import org.jspecify.annotations.NullMarked;
