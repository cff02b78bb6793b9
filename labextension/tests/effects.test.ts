import { describe, expect, it } from 'vitest';

import { effectsOf } from '../src/state/effects';
import { deployment } from './samples';

const rides = deployment({ wanted: 'serving' });

describe('effectsOf', () => {
  it('names each deployment that follows, with the version it leaves and the one it gets', () => {
    expect(effectsOf('champion', 5, [rides])).toEqual([
      'rides follows champion and changes over from version 2 to version 5 without losing a request.'
    ]);
  });

  it('says that nothing changes where nobody follows', () => {
    expect(effectsOf('challenger', 5, [rides])).toEqual([
      'No deployment follows challenger, so nothing that answers changes.'
    ]);
  });

  it('says what a stopped one will do, and that a lost alias ends the answers', () => {
    const stopped = deployment({ wanted: 'stopped' });
    expect(effectsOf('champion', 5, [stopped])[0]).toContain('once it is started');
    expect(effectsOf('champion', null, [rides])[0]).toContain('stops answering');
  });

  it('knows canaries and shadows', () => {
    const trying = deployment({ alias: null, version: 2, canary: 'challenger' });
    expect(effectsOf('challenger', 5, [trying])).toEqual([
      'The canary of rides follows challenger and becomes version 5.'
    ]);
    expect(effectsOf('challenger', null, [trying])[0]).toContain('ends');
  });
});
