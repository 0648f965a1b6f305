/**
 * From one reader to any number of subscribers. {@link dev.lavalier.hub.Hub} finds the device;
 * {@link dev.lavalier.hub.DeviceActor} opens it for the first subscription and closes it after the
 * last; an {@link dev.lavalier.hub.CapturePipeline} hands what the reader reads to one {@link
 * dev.lavalier.hub.Framer} per frame size, which cuts and encodes each frame once, into a {@link
 * dev.lavalier.hub.FrameRing}; each {@link dev.lavalier.hub.Subscription} takes it from there
 * through its bounded {@link dev.lavalier.hub.LiveSource}, on its {@link dev.lavalier.hub.DeliveryLoop}.
 *
 * <p>Three kinds of thread meet here, and no lock: the reader (Epoch, Framer, the ring's writing
 * side), the device's serial executor (DeviceActor), and the lane (Subscription, FrameQueue). They
 * pass each other tasks, immutable values and the ring.
 *
 * <p>Depends on {@code capture} and {@code audio}. Knows nothing of gRPC: what a subscriber is, and
 * how a frame is written, it is told through {@link dev.lavalier.hub.FrameSink} and {@link
 * dev.lavalier.hub.FrameCodec}.
 */
package dev.lavalier.hub;
