/**
 * An encoder of FLAC (RFC 9639): lossless, with fixed predictors. The encoder is small because it
 * has no linear prediction, which would save a few percent more.
 *
 * <p>Uses {@code pipeline}, {@code capture}, {@code audio} and {@code common}. Only {@code app}
 * uses it.
 */
@NullMarked
package dev.lavalier.codec.flac;

import org.jspecify.annotations.NullMarked;
