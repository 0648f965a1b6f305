/**
 * Reads the capture lines of this machine. {@link dev.lavalier.capture.line.LineReader} is the
 * capture thread of an open device, {@link dev.lavalier.capture.line.LineReading} does its work in
 * steps, {@link dev.lavalier.capture.line.Pacer} schedules the periods, {@link
 * dev.lavalier.capture.line.DeviceClock} estimates when samples were captured and how many were
 * lost. A line implements {@link dev.lavalier.capture.line.AudioLine}.
 *
 * <p>Uses {@code capture}, {@code audio} and {@code common}.
 */
@NullMarked
package dev.lavalier.capture.line;

import org.jspecify.annotations.NullMarked;
