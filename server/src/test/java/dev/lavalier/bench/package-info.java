/**
 * Programs that measure. The scripts in bench run them; docs/benchmarks.md and
 * docs/benchmarks-audio.md contain the results.
 */
package dev.lavalier.bench;
