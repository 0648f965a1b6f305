/** Programs that measure. The programs in bench run them; docs/benchmarks.md has the results. */
package dev.lavalier.bench;
