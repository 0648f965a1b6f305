/**
 * The contract over gRPC: the services, the interceptors and tracers of calls, and the server that
 * listens ({@link dev.lavalier.grpc.GrpcServer}). Package {@code service} implements the calls.
 *
 * <p>Depends on {@code service}, {@code netty}, {@code hub} and their dependencies. Only this
 * package knows gRPC.
 */
@NullMarked
package dev.lavalier.grpc;

import org.jspecify.annotations.NullMarked;
