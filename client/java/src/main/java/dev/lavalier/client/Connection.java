package dev.lavalier.client;

import io.grpc.Channel;

/**
 * A channel to the server for one call.
 *
 * @param channel the channel to call on
 * @param closeAction releases the channel if it was created for this call; may run more than once
 */
record Connection(Channel channel, Runnable closeAction) {}
