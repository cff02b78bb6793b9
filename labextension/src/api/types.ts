/** The names of the wire. */

export interface Page<T> {
  items: T[];
  cursor: string | null;
}

export interface Version {
  model: string;
  number: number;
  state: string;
  language: string;
}

export interface Model {
  name: string;
  title: string;
  description: string;
  latest: Version | null;
  version_count: number;
  aliases: Record<string, number>;
}

export interface Deployment {
  name: string;
  model: string;
  alias: string | null;
  version: number | null;
  state: string;
  reason: string;
  remedy: string;
}
