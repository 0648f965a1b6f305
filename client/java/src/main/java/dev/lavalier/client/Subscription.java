package dev.lavalier.client;

import java.time.Instant;

/**
 * One subscriber of one device, as an operator sees it.
 *
 * @param subscriptionId its number, from 1, in the order of their coming since the server started
 * @param identity whose it is: a token's name, a certificate's subject, or {@code anonymous} where
 *     the server does not ask
 * @param address where it comes from: address and port
 * @param deviceId what it hears
 * @param format the format of its frames
 * @param frameSize samples per channel in each of them
 * @param since when it began
 * @param frameCount how many frames it has been sent
 * @param byteCount how many bytes these were, as messages of the contract
 * @param samplesLost how many samples per channel lay in its gaps
 */
public record Subscription(
    long subscriptionId,
    String identity,
    String address,
    String deviceId,
    PcmFormat format,
    int frameSize,
    Instant since,
    long frameCount,
    long byteCount,
    long samplesLost) {}
