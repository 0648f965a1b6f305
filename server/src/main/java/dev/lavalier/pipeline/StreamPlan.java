package dev.lavalier.pipeline;

import dev.lavalier.audio.Conversion;

/**
 * How the frames of a stream are made. Subscriptions with equal plans share the conversion, the
 * framer and the encoded frames.
 *
 * @param conversion from the capture format to the delivery format
 * @param frameSize samples per channel in a frame, at the delivered rate
 * @param codec encodes the frames; plans are equal only if they have the same codec object
 */
public record StreamPlan(Conversion conversion, int frameSize, FrameCodec codec) {}
