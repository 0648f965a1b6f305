package dev.lavalier.grpc;

import dev.lavalier.service.Caller;
import io.grpc.Context;

/** The {@link Caller} of a gRPC call, as a value of the call's {@link Context}. */
final class CallerContext {

  private static final Context.Key<Caller> KEY = Context.key("lavalier-caller");

  private CallerContext() {}

  /** Returns the caller of the call that runs on this thread; there is one in every service. */
  static Caller current() {
    Caller caller = KEY.get();
    if (caller == null) { // it must never be taken for one with access
      throw new IllegalStateException("a call without a caller");
    }
    return caller;
  }

  /** Returns the current context with a caller. */
  static Context with(Caller caller) {
    return Context.current().withValue(KEY, caller);
  }
}
