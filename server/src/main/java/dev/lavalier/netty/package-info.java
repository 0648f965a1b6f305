/**
 * The sockets, for any protocol on top: event loops, the limit of connections, TLS, and what is
 * logged of peers. {@link dev.lavalier.netty.NettyTransport} is what the listeners of a server
 * share.
 *
 * <p>Depends on {@code access} and {@code audio}, and on netty, but not on gRPC. It does not know
 * the hub: what belongs to an event loop is given to it.
 */
package dev.lavalier.netty;
