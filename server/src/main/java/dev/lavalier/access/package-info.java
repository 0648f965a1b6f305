/**
 * Who may hear what: grants, the token file, the proofs by which callers become known, and the
 * server's own certificate. Depends on nothing; of gRPC it knows nothing.
 */
package dev.lavalier.access;
