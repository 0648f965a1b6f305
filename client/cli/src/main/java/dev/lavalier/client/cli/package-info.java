/** The {@code lavalier} program, on the library alone. */
package dev.lavalier.client.cli;
