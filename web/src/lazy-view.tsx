// The views that are not part of the first load. They are one chunk, which loads when the page is idle: it must be there when the node goes down.
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { isOffline } from './state/live';
import type { View } from './state/router';
import { t } from './texts';
import { Loading, Notice } from './ui/notice';

const loadViews = () => import('./views');
const components: Record<Exclude<View, 'chat'>, Exclude<keyof Awaited<ReturnType<typeof loadViews>>, 'loadPlot'>> = {
  node: 'NodeView', models: 'ModelsView', cluster: 'ClusterView', doctor: 'DoctorView',
};

const idleAfterMs = 3000;

export function preloadViews(): void {
  setTimeout(() => void loadViews().then(({ loadPlot }) => loadPlot(), () => {}), idleAfterMs);
}

export function LazyView({ view }: { view: Exclude<View, 'chat'> }) {
  const [Content, setContent] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  const offline = isOffline.value;
  // Again when the node answers again.
  useEffect(() => {
    if (!Content) loadViews().then(module => setContent(() => module[components[view]]), () => setFailed(true));
  }, [offline]);
  if (Content) return <Content />;
  if (!failed) return <Loading />;
  return (
    <div class="page">
      <header class="page-head"><h1>{t(`view.${view}`)}</h1></header>
      {offline ? (
        <Notice kind="error"><p>{t('error.offline')}</p></Notice>
      ) : (
        <Notice kind="error"><p>{t('error.view')}</p><button type="button" onClick={() => location.reload()}>{t('state.reload')}</button></Notice>
      )}
    </div>
  );
}
