/**
 * FLAC (RFC 9639): lossless, with fixed predictors. The encoder of {@code container} is small
 * because it has no linear prediction, which would save a few percent more.
 *
 * <p>Uses {@code container}, {@code pipeline}, {@code capture}, {@code audio} and {@code common}.
 * Only {@code app} uses it.
 */
@NullMarked
package dev.lavalier.codec.flac;

import org.jspecify.annotations.NullMarked;
