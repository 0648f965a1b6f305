/**
 * Formats of PCM audio, their arithmetic, the clock, and the closed set of errors. Depends on
 * nothing else.
 */
package dev.lavalier.audio;
