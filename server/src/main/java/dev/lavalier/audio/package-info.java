/**
 * PCM formats and their conversion: sample rate, channels and encoding. Pure computation, without
 * threads or devices. Uses {@code common} only.
 */
@NullMarked
package dev.lavalier.audio;

import org.jspecify.annotations.NullMarked;
