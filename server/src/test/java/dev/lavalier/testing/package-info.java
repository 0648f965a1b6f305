/**
 * Support for tests: a server in process ({@link dev.lavalier.testing.LavalierExtension}), time
 * that the test owns ({@link dev.lavalier.testing.ManualTimeSource}), a subscriber whose appetite
 * the test decides ({@link dev.lavalier.testing.TestSubscriber}), a device that misbehaves on
 * demand ({@link dev.lavalier.testing.ScriptedMixerProvider}), and a meter for sines ({@link
 * dev.lavalier.testing.SineMeter}).
 */
package dev.lavalier.testing;
