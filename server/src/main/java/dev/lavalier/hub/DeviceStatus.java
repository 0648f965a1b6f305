package dev.lavalier.hub;

import dev.lavalier.capture.DeviceDescriptor;

/**
 * A device at one moment.
 *
 * @param device the device
 * @param state what it is doing
 * @param subscriberCount its subscriptions, those that wait for its opening included
 */
public record DeviceStatus(DeviceDescriptor device, DeviceState state, int subscriberCount) {}
