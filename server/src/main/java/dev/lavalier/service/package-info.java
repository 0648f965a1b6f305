/**
 * The contract, on any transport: who may call ({@link dev.lavalier.service.CallAuthorizer}), the
 * calls of AudioCapture ({@link dev.lavalier.service.AudioCaptureCalls}), requests checked and
 * translated, frames written once for all subscribers, and errors mapped to status codes. A
 * transport gives each call a {@link dev.lavalier.service.CallSink} and drives its {@link
 * dev.lavalier.service.CallListener}.
 *
 * <p>Depends on {@code hub}, {@code access} and what these depend on, and on the messages that are
 * generated from the contract. It knows neither gRPC nor netty.
 */
package dev.lavalier.service;
