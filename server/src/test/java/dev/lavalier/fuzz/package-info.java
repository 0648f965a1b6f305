/**
 * Bad input, tried by machine: each target replays the inputs beside it in a normal test run, and
 * searches for new ones where {@code JAZZER_FUZZ=1} is set. CONTRIBUTING.md says how.
 */
package dev.lavalier.fuzz;
