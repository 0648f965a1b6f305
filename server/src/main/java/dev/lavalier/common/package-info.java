/**
 * Types that every package uses: time ({@link dev.lavalier.common.TimeSource}), the closed set of
 * errors ({@link dev.lavalier.common.StreamException}), text that is safe to log ({@link
 * dev.lavalier.common.LogText}), and a log that a peer cannot fill ({@link
 * dev.lavalier.common.RateLimitedLog}). Uses no other package.
 */
@NullMarked
package dev.lavalier.common;

import org.jspecify.annotations.NullMarked;
