package dev.lavalier.grpc;

import dev.lavalier.service.Caller;
import io.grpc.Context;

/** The {@link Caller} of a gRPC call, stored in the {@link Context} of the call. */
final class CallerContext {

  private static final Context.Key<Caller> KEY = Context.key("lavalier-caller");

  private CallerContext() {}

  /**
   * Returns the caller of the call that runs on the current thread.
   *
   * @throws IllegalStateException if there is none, which cannot happen in a service
   */
  static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) { // a missing caller must not count as a caller with access
      throw new IllegalStateException("no caller in the context of the call");
    }
    return caller;
  }

  /** Returns the current context with a caller added. */
  static Context with(Caller caller) {
    return Context.current().withValue(KEY, caller);
  }
}
