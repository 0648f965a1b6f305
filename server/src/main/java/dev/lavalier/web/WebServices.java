package dev.lavalier.web;

import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.netty.NettyTransport;
import dev.lavalier.service.AudioCaptureCalls;
import dev.lavalier.service.CallServices;

/**
 * What the connections of a web server share.
 *
 * @param captureCalls the calls of AudioCapture
 * @param calls what all calls of the server share
 * @param transport the event loops and limits
 * @param guard decides which requests were meant for this server
 */
record WebServices(
    AudioCaptureCalls captureCalls,
    CallServices calls,
    NettyTransport<DeliveryLoop> transport,
    RequestGuard guard) {}
