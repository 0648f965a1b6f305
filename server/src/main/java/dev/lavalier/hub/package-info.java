/**
 * Opens devices for their subscriptions. {@link dev.lavalier.hub.Hub} finds the device; its {@link
 * dev.lavalier.hub.DeviceActor} opens it for the first subscription and closes it after the last,
 * as {@link dev.lavalier.hub.DeviceLifecycle} decides. Each {@link dev.lavalier.hub.Subscription}
 * sends its frames to a {@link dev.lavalier.hub.FrameSink} on its {@link
 * dev.lavalier.hub.DeliveryLoop}, with the gaps that its {@link dev.lavalier.hub.GapTracker}
 * counts.
 *
 * <p>Uses {@code pipeline}, {@code capture}, {@code audio} and {@code common}. Does not depend on a
 * transport.
 */
@NullMarked
package dev.lavalier.hub;

import org.jspecify.annotations.NullMarked;
