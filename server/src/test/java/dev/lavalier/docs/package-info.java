/**
 * Checks of the documentation: generated tables, prose, links and commands. They read the whole
 * repository.
 */
package dev.lavalier.docs;
