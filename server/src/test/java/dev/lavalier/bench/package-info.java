/**
 * Programs that measure. The scripts in bench run them; docs/benchmarks.md contains the results.
 */
package dev.lavalier.bench;
