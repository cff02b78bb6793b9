/** Versions in the order that a column asks for. */

import type { Model, Version } from '../api/types';
import { aliasesOf } from './model';

export interface Order {
  /** `number`, `state`, …, or `metric:` and a name. */
  column: string;
  falling: boolean;
}

type Key = string | number | undefined;

export function metricColumn(name: string): string {
  return `metric:${name}`;
}

/** A version without a value comes last, whichever way; alike ones stay newest first. */
export function ordered(
  versions: readonly Version[],
  order: Order,
  model: Model
): readonly Version[] {
  const way = order.falling ? -1 : 1;
  const keys = new Map(versions.map(version => [version, keyOf(version, order.column, model)]));
  return [...versions].sort((a, b) => {
    const [one, other] = [keys.get(a), keys.get(b)];
    if (one === undefined || other === undefined) {
      return Number(one === undefined) - Number(other === undefined) || b.number - a.number;
    }
    return (one < other ? -1 : one > other ? 1 : 0) * way || b.number - a.number;
  });
}

function keyOf(version: Version, column: string, model: Model): Key {
  if (column.startsWith('metric:')) {
    return version.metrics[column.slice('metric:'.length)];
  }
  return KEYS[column]?.(version, model) || undefined;
}

const KEYS: Record<string, (version: Version, model: Model) => Key> = {
  number: version => version.number,
  state: version => version.state,
  aliases: (version, model) => aliasesOf(model, version.number).join(' '),
  created: version => version.created_at,
  by: version => version.created_by,
  class: version => version.class,
  proof: version => (version.proof ? version.proof.elapsed_s : undefined),
  note: version => version.note.toLowerCase()
};

/** The next order when a column's name is pressed: newest and largest first, then the other way. */
export function turned(order: Order, column: string): Order {
  return order.column === column
    ? { column, falling: !order.falling }
    : { column, falling: !TEXT.has(column) };
}

const TEXT = new Set(['state', 'aliases', 'by', 'class', 'note']);
