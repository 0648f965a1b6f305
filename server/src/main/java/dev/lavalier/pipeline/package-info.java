/**
 * From periods to frames. A {@link dev.lavalier.pipeline.CapturePipeline} gets what one open device
 * captures, converts it once per delivery format ({@link dev.lavalier.pipeline.FormatPipeline}),
 * cuts and encodes it once per {@link dev.lavalier.pipeline.StreamPlan} ({@link
 * dev.lavalier.pipeline.Framer}), and publishes the frames in a {@link
 * dev.lavalier.pipeline.FrameRing}. A subscription reads them through a {@link
 * dev.lavalier.pipeline.FrameSource}: the present, or the {@link dev.lavalier.pipeline.History}.
 *
 * <p>Two kinds of thread meet here without a lock: the capture thread writes, delivery loops read.
 *
 * <p>Uses {@code capture} and {@code audio}. Knows neither subscriptions nor a transport.
 */
package dev.lavalier.pipeline;
