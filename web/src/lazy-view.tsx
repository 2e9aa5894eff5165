// The views that are not part of the first load. They are one chunk, which loads when the page is idle: it must be there when the node goes down.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isOffline } from './state/live';
import type { View } from './state/router';
import { t } from './texts';
import { Loading, Notice } from './ui/notice';

const loadViews = () => import('./views');
type Component = Exclude<keyof Awaited<ReturnType<typeof loadViews>>, 'prepare'>;
const components: Record<Exclude<View, 'chat'>, Component> = { node: 'NodeView', models: 'ModelsView', cluster: 'ClusterView', doctor: 'DoctorView' };

const idleAfterMs = 3000;

export function preloadViews(): void {
  setTimeout(() => void loadViews().then(({ prepare }) => prepare(), () => {}), idleAfterMs);
}

export const LazyView = ({ view }: { view: Exclude<View, 'chat'> }) => <Lazy name={components[view]} title={t(`view.${view}`)} />;

// title: the heading as long as the part is missing.
export function Lazy({ name, title }: { name: Component; title: string }) {
  const [Content, setContent] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  const offline = isOffline.value;
  // Again when the node answers again.
  useEffect(() => {
    if (!Content) loadViews().then(module => setContent(() => module[name]), () => setFailed(true));
  }, [offline]);
  if (Content) return <Content />;
  if (!failed) return <Loading />;
  return (
    <div class="page">
      <header class="page-head"><h1>{title}</h1></header>
      {offline ? (
        <Notice kind="error"><p>{t('error.offline')}</p></Notice>
      ) : (
        <Notice kind="error"><p>{t('error.view')}</p><button type="button" onClick={() => location.reload()}>{t('state.reload')}</button></Notice>
      )}
    </div>
  );
}
