/**
 * A load generator: many subscribers of one device, as cheap as they can be, and what they see.
 * Begin at {@link dev.lavalier.client.bench.LoadGenerator}.
 *
 * <p>It does not use the library's streams, which hand every frame to a thread of their own: here a
 * frame is looked at on the event loop that received it, its audio is skipped, and nothing is
 * handed on.
 */
package dev.lavalier.client.bench;
