/**
 * PCM formats and their conversion: sample rate, channels and encoding. Pure computation, without
 * threads and devices. Uses {@code common} only.
 */
package dev.lavalier.audio;
