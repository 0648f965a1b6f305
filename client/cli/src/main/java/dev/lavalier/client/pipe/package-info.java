/** Watches the pipes that the program writes to. */
@NullMarked
package dev.lavalier.client.pipe;

import org.jspecify.annotations.NullMarked;
