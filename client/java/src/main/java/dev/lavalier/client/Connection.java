package dev.lavalier.client;

import io.grpc.Channel;

/**
 * A way to the server for one call.
 *
 * @param channel what to call by
 * @param closeAction gives up what was made for it; may run more than once
 */
record Connection(Channel channel, Runnable closeAction) {}
