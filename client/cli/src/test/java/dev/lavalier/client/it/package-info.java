/**
 * Tests of the programs as users run them: the built jars, over TCP, on real capture lines, and
 * consumers in other languages. If a tool is not installed (PulseAudio, sox, openssl,
 * python3-grpcio, node with the example's packages), its tests are skipped with a message that
 * names it.
 */
package dev.lavalier.client.it;
