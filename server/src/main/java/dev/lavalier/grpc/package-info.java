/**
 * The hub as a gRPC service: requests checked and translated ({@link
 * dev.lavalier.grpc.AudioCaptureService}), frames written once for all subscribers, errors mapped
 * to statuses, and the server with its own event loops, each of which is a lane.
 *
 * <p>Depends on {@code hub} and below. No other package imports generated code.
 */
package dev.lavalier.grpc;
