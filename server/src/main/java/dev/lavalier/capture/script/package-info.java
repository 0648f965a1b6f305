/**
 * Scripted microphones, for the tests of programs that receive audio: they play sounds and faults
 * of a script, and report exactly what they lose. Entry point: {@link
 * dev.lavalier.capture.script.ScriptedMicrophone}.
 *
 * <p>Uses {@code capture.virtual}, {@code capture.line}, {@code capture}, {@code audio} and {@code
 * common}.
 */
@NullMarked
package dev.lavalier.capture.script;

import org.jspecify.annotations.NullMarked;
