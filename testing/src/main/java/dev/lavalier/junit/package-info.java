/**
 * Scripted microphones behind a real server, for JUnit tests. Entry point: {@link
 * dev.lavalier.junit.LavalierExtension}.
 */
@NullMarked
package dev.lavalier.junit;

import org.jspecify.annotations.NullMarked;
