/**
 * The program: options, wiring and life cycle. It depends on every other package. No package
 * depends on it.
 */
@NullMarked
package dev.lavalier.app;

import org.jspecify.annotations.NullMarked;
