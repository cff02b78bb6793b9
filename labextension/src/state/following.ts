/**
 * When a watched thing is looked at again while somebody can see it: at once when it comes into view, a change
 * concerns it or changes may have been missed; soon after a failure; slowly for what no event tells.
 */

import type { Change, Changes } from './changes';
import type { Watched } from './watched';

const SLOWLY_MS = 10_000;
const AFTER_FAILURE_MS = 1_500;
/** Of many changes at once, so many looks: one per this time. */
const APART_MS = 400;

export class Following {
  private _following = false;
  private _timer = 0;
  private _lookedAt = 0;
  private _heeded = false;

  constructor(
    private readonly watched: Watched<unknown>,
    private readonly changes: Changes,
    /** Whether a change is a reason to look. */
    private readonly concerns: (change: Change) => boolean,
    private readonly slowlyMs = SLOWLY_MS
  ) {}

  /** It came into view. */
  start(): void {
    if (!this._following) {
      this._following = true;
      this.changes.happened.connect(this.heed, this);
      this.changes.missed.connect(this.look, this);
      this.look();
    }
  }

  /** It is out of view. */
  stop(): void {
    this._following = false;
    this.changes.happened.disconnect(this.heed, this);
    this.changes.missed.disconnect(this.look, this);
    window.clearTimeout(this._timer);
  }

  private heed(_: Changes, change: Change): void {
    if (this.concerns(change)) {
      this._heeded = true;
      this.lookIn(Math.max(0, this._lookedAt + APART_MS - Date.now()));
    }
  }

  private look(): void {
    this._heeded = false;
    this._lookedAt = Date.now();
    // Before the answer, because one that never comes must not end it.
    this.lookIn(this.slowlyMs);
    void this.watched.refresh().then(() => {
      if (this._following && !this._heeded && this.watched.seen.phase === 'failed') {
        this.lookIn(AFTER_FAILURE_MS);
      }
    });
  }

  private lookIn(pauseMs: number): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      // Nobody looks at a hidden page; `missed` tells when it is back.
      if (document.hidden) {
        this.lookIn(this.slowlyMs);
      } else {
        this.look();
      }
    }, pauseMs);
  }
}
