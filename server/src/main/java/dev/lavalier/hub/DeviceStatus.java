package dev.lavalier.hub;

import dev.lavalier.capture.DeviceDescriptor;

/**
 * The status of a device at one moment. Immutable.
 *
 * @param device the device
 * @param state the state of the device
 * @param subscriberCount number of its subscriptions, including those that wait for it to open
 */
public record DeviceStatus(DeviceDescriptor device, DeviceState state, int subscriberCount) {}
