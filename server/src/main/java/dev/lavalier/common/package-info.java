/**
 * What every package uses: time ({@link dev.lavalier.common.TimeSource}), the closed set of errors
 * ({@link dev.lavalier.common.StreamException}), and text that is safe to log ({@link
 * dev.lavalier.common.LogText}). Uses no other package.
 */
package dev.lavalier.common;
