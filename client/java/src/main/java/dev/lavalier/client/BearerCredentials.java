package dev.lavalier.client;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Adds a bearer token to each call. A token that is invalid fails the call, and is not shown. */
final class BearerCredentials extends CallCredentials {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<String> token;

  /** Creates credentials that ask for the token at each call. */
  BearerCredentials(Supplier<String> token) {
    this.token = token;
  }

  @Override
  public void applyRequestMetadata(
      RequestInfo request, Executor executor, MetadataApplier applier) {
    Metadata headers = new Metadata();
    try {
      headers.put(AUTHORIZATION, "Bearer " + ConnectOptions.checkToken(token.get()));
    } catch (IllegalArgumentException e) {
      applier.fail(Status.UNAUTHENTICATED.withDescription(e.getMessage()));
      return;
    } catch (RuntimeException e) {
      applier.fail(
          Status.UNAUTHENTICATED.withDescription(
              "token: none (expected: one from the token source; it threw %s)"
                  .formatted(e.getClass().getSimpleName())));
      return;
    }
    applier.apply(headers);
  }
}
