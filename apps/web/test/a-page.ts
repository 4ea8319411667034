/** What it takes to render a component that belongs to a page. */

import { render } from '@testing-library/svelte';
import type { LabState } from '@sockscope/tcp-core/trace/lab-state';
import type { Component } from 'svelte';
import type { LabPage } from '../src/state/lab-page.svelte.ts';
import { stubMatchMedia } from './a-browser.ts';
import { ASocket } from './a-socket.ts';
import InPage from './InPage.svelte';

/** Renders the component in a page that shows this lab. */
export function renderInPage<Props extends Record<string, unknown>>(
  of: Component<Props>,
  given: Props,
  lab: LabState,
): { page: LabPage } {
  stubMatchMedia();
  let page: LabPage | undefined;
  render(InPage<Props>, {
    of,
    given,
    onpage: (made: LabPage) => {
      page = made;
      ASocket.last.text({ type: 'snapshot', state: lab });
    },
  });
  if (!page) throw new Error('no page was made');
  return { page };
}
