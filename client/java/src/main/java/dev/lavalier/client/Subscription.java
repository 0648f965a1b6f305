package dev.lavalier.client;

import java.time.Instant;
import java.util.Optional;

/**
 * One subscription to one device, for operators.
 *
 * @param subscriptionId the number of the subscription, counted from 1 since the server started
 * @param identity the authenticated caller: a token's name, a certificate's subject, or {@code
 *     anonymous} if the server does not require authentication
 * @param address the caller's address and port, or its user and process if it uses a Unix socket
 * @param deviceId the device
 * @param format the format of its frames
 * @param frameSize samples per channel in each frame
 * @param since the start of the subscription
 * @param frameCount the number of frames sent to the subscriber
 * @param byteCount the size of these frames in bytes, as messages of the contract
 * @param samplesLost the number of samples per channel in its gaps
 * @param codec the codec of its frames; empty: it gets levels, or a codec that this library does
 *     not know
 * @param bitrate the bit rate of {@link Codec#OPUS} in bits per second; 0: another codec
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
    long samplesLost,
    Optional<Codec> codec,
    int bitrate) {}
