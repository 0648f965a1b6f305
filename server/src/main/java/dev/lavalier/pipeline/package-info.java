/**
 * Converts periods to frames. A {@link dev.lavalier.pipeline.CapturePipeline} receives the periods
 * of one open device, converts them once per delivery format ({@link
 * dev.lavalier.pipeline.FormatPipeline}), cuts and encodes them once per {@link
 * dev.lavalier.pipeline.StreamPlan} ({@link dev.lavalier.pipeline.Framer}), and publishes the
 * frames in a {@link dev.lavalier.pipeline.FrameRing}. A subscription reads them through a {@link
 * dev.lavalier.pipeline.FrameSource}: a live source, or a replay source that reads the {@link
 * dev.lavalier.pipeline.History}.
 *
 * <p>Three kinds of thread use these types without a lock: the capture thread and the encoder
 * threads write, and delivery loops read.
 *
 * <p>Uses {@code capture}, {@code audio} and {@code common}. Does not depend on subscriptions or on
 * a transport.
 */
@NullMarked
package dev.lavalier.pipeline;

import org.jspecify.annotations.NullMarked;
