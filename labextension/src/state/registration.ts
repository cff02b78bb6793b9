/** What a person chose to register: what is wrong with it, and what is sent of it. */

import type { NewCapture } from '../api/types';
import { faultInMeasure, faultInName, type Measure, metricsOf } from './proposing';

export interface Choice {
  variable: string;
  data: string;
  target: string;
  name: string;
  description: string;
  note: string;
  predict: string;
  needs: string;
  metrics: Measure[];
}

export const EMPTY: Choice = {
  variable: '',
  data: '',
  target: '',
  name: '',
  description: '',
  note: '',
  predict: '',
  needs: '',
  metrics: []
};

export type Faults = Partial<Record<keyof Choice, string>>;

/** What is in the way of registering, by field. */
export function faultsIn({ variable, data, name, metrics }: Choice): Faults {
  const faults: Faults = {};
  const unnamed = faultInName(name);
  const measure = metrics.map(faultInMeasure).find(fault => fault !== '');
  if (!variable) {
    faults.variable = 'Choose the model.';
  }
  if (!data) {
    faults.data = 'Choose the data it was fitted on.';
  }
  if (unnamed) {
    faults.name = unnamed;
  }
  if (measure) {
    faults.metrics = measure;
  }
  return faults;
}

export function captureOf(choice: Choice): NewCapture {
  const { variable, data, target, name, description, note, predict, needs, metrics } = choice;
  return {
    model: name,
    variable,
    data,
    target: target || null,
    predict: predict.trim() || null,
    metrics: metricsOf(metrics),
    needs: needs.split(/[\s,]+/).filter(Boolean),
    description: description.trim(),
    note: note.trim()
  };
}
