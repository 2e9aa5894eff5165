// The address of a view is the part after #: #/chat/ID, #/node, #/models, #/cluster, #/doctor.
import { signal } from '@preact/signals';
import { decoded } from './decode';

export const views = ['chat', 'node', 'models', 'cluster', 'doctor'] as const;
export type View = (typeof views)[number];

interface Route {
  view: View;
  id: string | null;
}

export const route = signal<Route>({ view: 'chat', id: null });

export function parse(hash: string): Route {
  const [, name, id] = hash.split('/');
  const view = views.find(known => known === name) ?? 'chat';
  return { view, id: id ? decoded(id) : null };
}

export const hrefOf = (view: View, id?: string | null): string => `#/${view}${id ? `/${encodeURIComponent(id)}` : ''}`;

export const go = (view: View, id?: string | null): void => {
  location.hash = hrefOf(view, id);
};

// Changes the address without an entry in the history.
export function replace(view: View, id: string | null): void {
  history.replaceState(null, '', hrefOf(view, id));
  route.value = { view, id };
}

export function startRouter(onChange: (route: Route) => void): void {
  const update = () => {
    route.value = parse(location.hash);
    onChange(route.value);
  };
  window.addEventListener('hashchange', update);
  update();
}
