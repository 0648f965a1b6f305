import assert from 'node:assert/strict';
import test from 'node:test';
import { Playout } from '../../main/resources/dev/lavalier/web/page/playout.js';

const RATE = 48_000;
const FRAME = 480;
const BLOCK = 128;

/** A queue that gets frames of a sine and is read in blocks, in simulated time. */
class Simulation {
  constructor(targetMs = 60, hz = 440) {
    this.playout = new Playout(RATE, 1, targetMs);
    this.hz = hz;
    this.sent = 0;
    this.played = [];
    this.toRead = 0;
  }

  frame(length = FRAME) {
    const values = Float32Array.from({ length }, (_, i) => 0.25 * Math.sin((2 * Math.PI * this.hz * (this.sent + i)) / RATE));
    this.sent += length;
    this.playout.write([values]);
  }

  play(samples) {
    this.toRead += samples;
    for (; this.toRead >= BLOCK; this.toRead -= BLOCK) {
      const block = new Float32Array(BLOCK);
      this.playout.read([block]);
      this.played.push(...block);
    }
  }

  run(seconds, drift = 1) {
    for (let i = 0; i < (seconds * RATE) / FRAME; i++) {
      this.frame();
      this.play(FRAME * drift);
    }
  }

  largestStep(from = 0) {
    let step = 0;
    for (let i = from + 1; i < this.played.length; i++) step = Math.max(step, Math.abs(this.played[i] - this.played[i - 1]));
    return step;
  }
}

const SINE_STEP = 0.25 * 2 * Math.PI * (440 / RATE);

test('steadyFramesPlayExactlyAfterTheTarget', () => {
  const simulation = new Simulation();
  simulation.run(20);
  const start = RATE * 0.06;
  const fade = RATE * 0.003;
  for (let i = fade; i < 19 * RATE; i++) {
    const expected = Math.fround(0.25 * Math.sin((2 * Math.PI * 440 * i) / RATE));
    if (simulation.played[start + i] !== expected) assert.fail(`sample ${i}: ${simulation.played[start + i]}, ${expected}`);
  }
  assert.equal(simulation.playout.underruns, 0);
  assert.equal(simulation.playout.correctedSamples, 0);
});

test('stopOfFramesFadesOutAndGrowsTheTarget', () => {
  const simulation = new Simulation();
  simulation.run(1);
  simulation.play(RATE);
  assert.ok(Math.abs(simulation.played.at(-1)) < 1e-5);
  simulation.run(1);
  assert.ok(simulation.largestStep() < 4 * SINE_STEP, `${simulation.largestStep()}`);
  assert.equal(simulation.playout.underruns, 1);
  assert.equal(simulation.playout.targetMs, 90);
});

test('gapIsSilenceUpToTheTarget', () => {
  const simulation = new Simulation();
  simulation.run(1);
  simulation.play(RATE * 0.03);
  const before = simulation.playout.queued;
  simulation.playout.writeMissing(RATE);
  assert.ok(simulation.playout.queued > before);
  assert.ok(simulation.playout.queued <= RATE * 0.06);
  simulation.run(1);
  assert.ok(simulation.largestStep() < 4 * SINE_STEP);
  assert.equal(simulation.playout.underruns, 0);
});

test('burstAfterStallIsDroppedToTheTarget', () => {
  const simulation = new Simulation();
  simulation.run(1);
  for (let i = 0; i < 60; i++) simulation.frame();
  simulation.run(2);
  assert.ok(simulation.playout.queued <= RATE * 0.12, `${simulation.playout.queued}`);
  assert.ok(simulation.playout.skippedFrames > 0);
  assert.ok(simulation.largestStep() < 4 * SINE_STEP);
});

test('queueIsBoundedIfNothingIsPlayed', () => {
  const simulation = new Simulation();
  for (let i = 0; i < 1_000; i++) simulation.frame();
  assert.ok(simulation.playout.queued <= RATE * 0.35, `${simulation.playout.queued}`);
});

for (const [name, drift] of [['fasterSoundCard', 1.0001], ['slowerSoundCard', 0.9999]]) {
  test(`${name}IsFollowedByUnheardCorrections`, () => {
    const simulation = new Simulation();
    simulation.run(300, drift);
    const { playout } = simulation;
    assert.equal(playout.underruns, 0);
    assert.equal(playout.skippedFrames, 0);
    assert.ok(playout.correctedSamples > 0);
    assert.ok(playout.queued > RATE * 0.03 && playout.queued < RATE * 0.1, `${playout.queued}`);
    assert.ok(simulation.largestStep(RATE) < 1.5 * SINE_STEP, `${simulation.largestStep(RATE)}`);
  });
}

test('clearDropsWhatIsQueued', () => {
  const simulation = new Simulation();
  simulation.run(1);
  simulation.playout.clear();
  assert.equal(simulation.playout.queued, 0);
  simulation.play(BLOCK);
  simulation.run(1);
  assert.ok(simulation.largestStep() < 4 * SINE_STEP);
});
