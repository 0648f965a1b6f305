/**
 * Fuzz tests with invalid input. In a normal test run, each target replays the inputs in its
 * resource directory. If {@code JAZZER_FUZZ=1} is set, it searches for new inputs. CONTRIBUTING.md
 * describes how to run them.
 */
package dev.lavalier.fuzz;
