/**
 * Devices and their subscriptions. {@link dev.lavalier.hub.Hub} finds the device; its {@link
 * dev.lavalier.hub.DeviceActor} opens it for the first subscription and closes it after the last,
 * by the states of {@link dev.lavalier.hub.DeviceLifecycle}; each {@link
 * dev.lavalier.hub.Subscription} sends its frames on its {@link dev.lavalier.hub.DeliveryLoop}, to
 * a {@link dev.lavalier.hub.FrameSink}, with the gaps that its {@link dev.lavalier.hub.GapTracker}
 * counts.
 *
 * <p>Uses {@code pipeline}, {@code capture} and {@code audio}. Knows no transport.
 */
package dev.lavalier.hub;
