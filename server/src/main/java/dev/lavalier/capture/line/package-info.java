/**
 * Reads any line of this machine: {@link dev.lavalier.capture.line.LineReader} is the one reader
 * thread of an open device, {@link dev.lavalier.capture.line.Pacer} decides when a period is due,
 * {@link dev.lavalier.capture.line.DeviceClock} when its samples were captured and how many were
 * lost. A line implements {@link dev.lavalier.capture.line.AudioLine}.
 *
 * <p>Uses {@code capture} and {@code audio}.
 */
package dev.lavalier.capture.line;
