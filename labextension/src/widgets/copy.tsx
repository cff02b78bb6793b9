import { Clipboard } from '@jupyterlab/apputils';
import * as React from 'react';

interface CopyButtonProps {
  /** What is copied. */
  text: string;
  /** What it is, for the button: "address". */
  what: string;
  small?: boolean;
}

const HEARD_MS = 2_000;

/** Copies, and says that it did. */
export function CopyButton({ text, what, small }: CopyButtonProps): React.JSX.Element {
  const [copied, setCopied] = React.useState(false);
  React.useEffect(() => {
    const timer = copied ? window.setTimeout(() => setCopied(false), HEARD_MS) : 0;
    return () => window.clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <button
        type="button"
        className={small ? 'kr-Button kr-small' : 'kr-Button'}
        onClick={() => {
          Clipboard.copyToSystem(text);
          setCopied(true);
        }}
      >
        {copied ? 'Copied' : `Copy ${what}`}
      </button>
      <span className="kr-Heard" role="status">
        {copied ? `The ${what} is copied.` : ''}
      </span>
    </>
  );
}
