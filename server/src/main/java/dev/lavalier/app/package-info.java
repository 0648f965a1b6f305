/**
 * The program: flags, wiring and life cycle. Depends on every other package; none depends on it.
 */
package dev.lavalier.app;
