/**
 * The web port: a page, the calls of AudioCapture over WebSocket, and devices as streams of audio,
 * over HTTP/1.1. It runs on the event loops that gRPC uses ({@link dev.lavalier.web.WebServer}).
 *
 * <p>Depends on {@code service}, {@code netty}, {@code hub} and their dependencies.
 */
@NullMarked
package dev.lavalier.web;

import org.jspecify.annotations.NullMarked;
