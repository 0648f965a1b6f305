package dev.lavalier.client;

/**
 * Something that can be captured.
 *
 * @param deviceId names it in {@link StreamOptions}; stable
 * @param name a name for people
 * @param vendor who made it; may be empty
 * @param description more words; may be empty
 * @param isDefault whether an empty device id means this one
 * @param state what it is doing
 * @param captureFormat the format in which the server captures it
 * @param subscriberCount its subscriptions at this moment
 */
public record Device(
    String deviceId,
    String name,
    String vendor,
    String description,
    boolean isDefault,
    DeviceState state,
    PcmFormat captureFormat,
    int subscriberCount) {}
