package dev.lavalier.grpc;

import dev.lavalier.access.RejectionLog;
import dev.lavalier.service.ActiveCalls;
import dev.lavalier.service.CallAuthorizer;
import dev.lavalier.service.CallObserver;

/**
 * What all calls of a server share.
 *
 * @param authorizer authorizes the callers
 * @param activeCalls limits the calls, and ends those whose caller has no access any more
 * @param rejections the log of calls that exceed a limit
 * @param observer observes calls and connections
 */
public record CallServices(
    CallAuthorizer authorizer,
    ActiveCalls activeCalls,
    RejectionLog rejections,
    CallObserver observer) {}
