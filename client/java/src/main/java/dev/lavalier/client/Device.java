package dev.lavalier.client;

/**
 * A device that can be captured.
 *
 * @param deviceId identifies the device in {@link StreamOptions}; stable
 * @param name a name for people
 * @param vendor the manufacturer; may be empty
 * @param description further details for people; may be empty
 * @param isDefault whether this is the default device, which an empty device id selects
 * @param state the current state
 * @param captureFormat the format in which the server captures it
 * @param subscriberCount the current number of subscriptions
 * @param nodeId the node of a fleet that has the device; empty: the machine of the server has it
 * @param recorded whether the operators of the fleet keep its audio on disks while it is open
 */
public record Device(
    String deviceId,
    String name,
    String vendor,
    String description,
    boolean isDefault,
    DeviceState state,
    PcmFormat captureFormat,
    int subscriberCount,
    String nodeId,
    boolean recorded) {}
