/**
 * Opus (RFC 6716), encoded by Concentus, an implementation in Java. A native library would be about
 * twice as fast, but it could end the JVM, and would need a file for each platform.
 *
 * <p>Uses {@code container}, {@code pipeline}, {@code capture}, {@code audio} and {@code common}.
 * Only {@code app} uses it.
 */
@NullMarked
package dev.lavalier.codec.opus;

import org.jspecify.annotations.NullMarked;
