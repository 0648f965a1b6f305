/**
 * Who may hear what: grants, and the proofs by which callers become known. Depends on nothing; of
 * gRPC it knows nothing.
 */
package dev.lavalier.access;
