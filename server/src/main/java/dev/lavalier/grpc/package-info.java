/**
 * The contract as a gRPC service: the services, the interceptors and tracers of calls, and the
 * server that listens ({@link dev.lavalier.grpc.GrpcServer}). The calls themselves are those of
 * {@code service}.
 *
 * <p>Depends on {@code service}, {@code netty}, {@code hub} and what these depend on. Only this
 * package knows gRPC.
 */
package dev.lavalier.grpc;
