/**
 * The contract, on any transport: authorization of callers ({@link
 * dev.lavalier.service.CallAuthorizer}), the calls of AudioCapture ({@link
 * dev.lavalier.service.AudioCaptureCalls}), checks and translation of requests, encoding of frames
 * (once for all subscribers), and status codes of errors. A transport gives each call a {@link
 * dev.lavalier.service.CallSink} and calls its {@link dev.lavalier.service.CallListener}.
 *
 * <p>Depends on {@code hub}, {@code access} and their dependencies, and on the messages that are
 * generated from the contract. Knows neither gRPC nor netty.
 */
@NullMarked
package dev.lavalier.service;

import org.jspecify.annotations.NullMarked;
