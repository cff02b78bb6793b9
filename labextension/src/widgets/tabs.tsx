import * as React from 'react';

export interface Tab {
  id: string;
  title: string;
}

interface TabsProps {
  /** What the tabs are of, for a screen reader: "bike-demand". */
  label: string;
  tabs: readonly Tab[];
  chosen: string;
  onChoose: (id: string) => void;
  children: React.ReactNode;
}

/** Titles in a row and the content of the chosen one; arrow keys, Home and End move between them. */
export function Tabs({ label, tabs, chosen, onChoose, children }: TabsProps): React.JSX.Element {
  const id = React.useId();
  const row = React.useRef<HTMLDivElement>(null);
  const choose = (index: number) => {
    const tab = tabs[(index + tabs.length) % tabs.length];
    if (tab) {
      onChoose(tab.id);
      row.current?.querySelector<HTMLElement>(`[data-tab="${tab.id}"]`)?.focus();
    }
  };
  const present = tabs.findIndex(tab => tab.id === chosen);
  const steps: Record<string, number> = {
    ArrowRight: present + 1,
    ArrowLeft: present - 1,
    Home: 0,
    End: tabs.length - 1
  };
  return (
    <>
      <div
        ref={row}
        className="kr-Tabs"
        role="tablist"
        aria-label={label}
        onKeyDown={event => {
          const step = steps[event.key];
          if (step !== undefined) {
            event.preventDefault();
            choose(step);
          }
        }}
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            type="button"
            className="kr-Tab"
            role="tab"
            id={`${id}-${tab.id}`}
            data-tab={tab.id}
            aria-selected={tab.id === chosen}
            aria-controls={`${id}-content`}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-content`} aria-labelledby={`${id}-${chosen}`}>
        {children}
      </div>
    </>
  );
}
