package dev.lavalier.client;

import java.time.Duration;
import java.util.Optional;

/**
 * What the server opened, every default filled in.
 *
 * @param deviceId the device; never empty
 * @param epoch the epoch's number, larger for a later one of the same device
 * @param format the format of the frames
 * @param frameSize samples per channel in each frame
 * @param captureFormat the format in which the device is captured
 * @param maxLatency the longest that a frame waits on the server for this client
 * @param conversion what is done between the two formats; empty: the frames are the captured bytes
 * @param preroll how much of what was captured before the call comes first; zero in later epochs
 */
public record StreamStart(
    String deviceId,
    long epoch,
    PcmFormat format,
    int frameSize,
    PcmFormat captureFormat,
    Duration maxLatency,
    Optional<Conversion> conversion,
    Duration preroll) {}
