import * as React from 'react';
import { describe, expect, it } from 'vitest';

import { goal, Rows } from '../src/widgets/rows';
import { drawn, press } from './drawing';

function list(count: number, opened: string[] = [], done: string[] = []): HTMLElement {
  return drawn(
    <Rows
      label="Models"
      items={Array.from({ length: count }, (_, n) => `m${n}`)}
      nameOf={name => name}
      draw={name => name}
      onOpen={name => opened.push(name)}
      action={{ title: 'Deploy', labelOf: name => `Deploy ${name}`, onDo: name => done.push(name) }}
    />
  );
}

const present = () => document.activeElement?.textContent;
const first = (place: HTMLElement) => place.querySelector<HTMLElement>('.kr-Row');

describe('Rows', () => {
  it('are one stop for the tab key, with the action of that row', () => {
    const stops = [...list(3).querySelectorAll('[tabindex="0"]')];
    expect(stops.map(stop => stop.getAttribute('aria-label') ?? stop.textContent)).toEqual([
      'm0',
      'Deploy m0'
    ]);
  });

  it('are walked by arrow keys', () => {
    const place = list(3);
    first(place)?.focus();
    press(document.activeElement, 'ArrowDown');
    expect(present()).toBe('m1');
    press(document.activeElement, 'ArrowUp');
    expect(present()).toBe('m0');
  });

  it('are walked to their end though it was not drawn before', () => {
    const place = list(1_000);
    first(place)?.focus();
    press(document.activeElement, 'End');
    expect(present()).toBe('m999');
  });

  it('open by a press, and do what else they offer', () => {
    const opened: string[] = [];
    const done: string[] = [];
    const place = list(3, opened, done);
    first(place)?.click();
    place.querySelector<HTMLElement>('[aria-label="Deploy m0"]')?.click();
    expect([opened, done]).toEqual([['m0'], ['m0']]);
  });

  it('tell how many there are though few are drawn', () => {
    const place = list(1_000);
    expect(place.querySelectorAll('li').length).toBeLessThan(60);
    expect(place.querySelector('li')?.getAttribute('aria-setsize')).toBe('1000');
  });
});

describe('goal', () => {
  it('stays inside the list', () => {
    expect([goal('ArrowUp', 0, 3), goal('ArrowDown', 2, 3), goal('PageDown', 1, 3)]).toEqual([
      -1, -1, 2
    ]);
  });

  it('passes over other keys', () => {
    expect(goal('a', 0, 3)).toBe(-1);
  });
});
