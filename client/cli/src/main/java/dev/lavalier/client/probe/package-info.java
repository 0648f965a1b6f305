/**
 * What a single connection tells about a server beyond what the library reports. Start at {@link
 * dev.lavalier.client.probe.ServerProbe}.
 */
@NullMarked
package dev.lavalier.client.probe;

import org.jspecify.annotations.NullMarked;
