/**
 * Who may hear what: grants, the token file, the credentials by which callers become known, the
 * server's own certificate, and the log of those who were refused. Depends on {@code audio} for its
 * clock and its text of logs; it knows no transport.
 */
package dev.lavalier.access;
