package dev.lavalier.service;

import dev.lavalier.access.RejectionLog;

/**
 * What all calls of a server share, on every transport.
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
