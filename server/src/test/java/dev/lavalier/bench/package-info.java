/** Programs that measure. docs/bench runs them; docs/benchmarks.md has their figures. */
package dev.lavalier.bench;
