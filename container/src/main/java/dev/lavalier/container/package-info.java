/**
 * WAV, FLAC and Ogg with Opus, as bytes: for files and for streams without an end. Computation
 * only: the callers write the bytes. It also has the encoder of FLAC, which a file needs for
 * silence and for its last block.
 *
 * <p>The server and the program {@code lavalier} use it. It uses nothing of them.
 */
@NullMarked
package dev.lavalier.container;

import org.jspecify.annotations.NullMarked;
