package dev.lavalier.grpc;

import dev.lavalier.common.StreamException;
import dev.lavalier.hub.DeliveryLoop;
import dev.lavalier.service.Caller;
import io.grpc.Context;
import java.util.function.Consumer;

/**
 * A gRPC call as its service sees it, stored in the {@link Context} of the call.
 *
 * @param caller the caller
 * @param deliveryLoop runs the tasks that send messages of the call
 * @param ending ends the call with a reason, see {@link GuardedCall#end}
 */
record CallContext(Caller caller, DeliveryLoop deliveryLoop, Consumer<StreamException> ending) {

  private static final Context.Key<CallContext> KEY = Context.key("lavalier-call-context");

  /**
   * Returns the call that runs on the current thread.
   *
   * @throws IllegalStateException if there is none, which cannot happen in a service
   */
  static CallContext current() {
    CallContext call = KEY.get();
    if (call == null) { // a missing caller must not count as a caller with access
      throw new IllegalStateException("no call in the context");
    }
    return call;
  }

  /** Returns the current context with this call added. */
  Context attachable() {
    return Context.current().withValue(KEY, this);
  }
}
