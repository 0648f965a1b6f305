import assert from 'node:assert/strict';
import test from 'node:test';
import { Analysis, BANDS, FLOOR_DB, frequencyAt, heightOf } from '../../main/resources/dev/lavalier/web/page/analysis.js';

function sine(rate, hz, amplitude, from, count) {
  return Float32Array.from({ length: count }, (_, i) => amplitude * Math.sin((2 * Math.PI * hz * (from + i)) / rate));
}

function analyse(rate, channels, seconds) {
  const analysis = new Analysis({ sampleRateHz: rate, channelCount: channels.length });
  const frame = rate / 100;
  for (let i = 0; i < seconds * 100; i++) {
    const values = channels.map(([hz, amplitude]) => sine(rate, hz, amplitude, i * frame, frame));
    analysis.add(values, channels.map(() => 0));
  }
  return analysis;
}

for (const rate of [8_000, 16_000, 44_100, 48_000, 96_000]) {
  test(`toneAt${rate}HasItsFrequencyAndLevel`, () => {
    const { columns, levels, peakFrequency } = analyse(rate, [[440, 0.25]], 1).take();
    assert.equal(columns.length, 50);
    assert.ok(Math.abs(peakFrequency.hz - 440) < 1, `${peakFrequency.hz}`);
    assert.ok(Math.abs(peakFrequency.decibels - -12.04) < 0.3, `${peakFrequency.decibels}`);
    const { bands } = columns.at(-1);
    const highest = bands.indexOf(Math.max(...bands));
    assert.ok(Math.abs((highest + 0.5) / BANDS - heightOf(440, rate)) < 2 / BANDS + 0.01);
    assert.ok(Math.abs((bands[highest] / 255) * -FLOOR_DB + FLOOR_DB - -12) < 2);
    assert.ok(Math.abs(levels[0].peak - 0.25) < 0.001);
    assert.ok(Math.abs(levels[0].rms - 0.25 * Math.SQRT1_2) < 0.001);
  });
}

test('spectrumOfTwoChannelsHasBothTones', () => {
  const { columns } = analyse(48_000, [[440, 0.5], [5_000, 0.5]], 1).take();
  const level = (hz) => (columns.at(-1).bands[Math.floor(heightOf(hz, 48_000) * BANDS)] / 255) * -FLOOR_DB + FLOOR_DB;
  assert.ok(Math.abs(level(440) - -9) < 2, `${level(440)}`); // half of the power in each channel
  assert.ok(Math.abs(level(5_000) - -9) < 2, `${level(5_000)}`);
  assert.ok(level(1_500) < -80);
});

test('manyChannelsHaveOneLaneAndALevelEach', () => {
  const analysis = analyse(48_000, [[440, 0.1], [440, 0.2], [440, 0.4]], 1);
  const { columns, levels } = analysis.take();
  assert.equal(columns[0].high.length, 1);
  assert.deepEqual(levels.map(({ peak }) => Math.round(peak * 10)), [1, 2, 4]);
});

test('gapHasTheWidthOfItsSamples', () => {
  const analysis = analyse(48_000, [[440, 0.5]], 1);
  analysis.addMissing(48_000 * 3);
  const { columnCount, columns } = analysis.take();
  assert.equal(columnCount, 200);
  assert.equal(columns.filter((column) => column.missing).length, 150);
});

test('hugeGapKeepsTheLastColumnsAndTheTime', () => {
  const analysis = analyse(48_000, [[440, 0.5]], 1);
  analysis.addMissing(48_000 * 3_600 * 24);
  const { columnCount, columns } = analysis.take();
  assert.equal(columnCount, 50 * (3_600 * 24 + 1));
  assert.equal(columns.length, 2_048);
});

test('columnsThatNobodyTakesAreBounded', () => {
  const { columnCount, columns } = analyse(8_000, [[440, 0.5]], 60).take();
  assert.equal(columnCount, 3_000);
  assert.equal(columns.length, 2_048);
});

test('frequencyAxisIsInvertible', () => {
  for (const hz of [50, 440, 24_000]) assert.ok(Math.abs(frequencyAt(heightOf(hz, 48_000), 48_000) - hz) < 1e-6 * hz);
});
