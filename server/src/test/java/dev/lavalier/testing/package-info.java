/**
 * Support for tests: an in-process server ({@link dev.lavalier.testing.LavalierExtension}), time
 * that the test controls ({@link dev.lavalier.testing.ManualTimeSource}), a subscriber whose demand
 * the test controls ({@link dev.lavalier.testing.TestSubscriber}), a device with scripted faults
 * ({@link dev.lavalier.testing.ScriptedMixerProvider}), and a meter for sines ({@link
 * dev.lavalier.testing.SineMeter}).
 */
package dev.lavalier.testing;
