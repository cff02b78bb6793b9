import { createElement } from 'react';

/** What the build makes of JSX: a name of our own can be shortened, `React.createElement` cannot. */
export const h = createElement;
