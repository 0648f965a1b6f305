/**
 * The sockets, for any protocol: event loops, the connection limit and TLS. The listeners of a
 * server share one {@link dev.lavalier.netty.NettyTransport}. {@link
 * dev.lavalier.netty.HttpListener} serves pages on a port and a thread of its own.
 *
 * <p>Depends on {@code access} and {@code common}, and on netty, but not on gRPC. Does not know the
 * hub: the attachments of event loops are passed in.
 */
@NullMarked
package dev.lavalier.netty;

import org.jspecify.annotations.NullMarked;
