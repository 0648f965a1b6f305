/**
 * The programs as users run them: the built jars, over TCP, on real capture lines, and consumers in
 * other languages. What a machine lacks (PulseAudio, sox, openssl, python3-grpcio, node with the
 * example's packages) is skipped with a message that names it.
 */
package dev.lavalier.client.it;
