// The frame of all views: navigation, the state of the node, the view itself.
import { useComputed } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ChatView } from './chat/chat-view';
import { HelpDialog } from './help';
import { NodeState } from './node/node-state';
import { type View, hrefOf, route, views } from './state/router';
import { t } from './texts';
import { Announcer } from './ui/announcer';
import { IconButton } from './ui/buttons';
import { Icon } from './ui/icons';
import { KeyDialog } from './ui/key-dialog';
import { Loading } from './ui/notice';

// The other views are one chunk: a phone that only chats does not load them.
const loadViews = () => import('./views');
const lazyViews: Record<Exclude<View, 'chat'>, keyof Awaited<ReturnType<typeof loadViews>>> = {
  node: 'NodeView', models: 'ModelsView', cluster: 'ClusterView', doctor: 'DoctorView',
};

export function App() {
  const [help, setHelp] = useState(false);
  const view = useComputed(() => route.value.view).value;
  useEffect(() => {
    document.title = `${t(`view.${view}`)} – RkLlama`;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key !== '/') return;
      event.preventDefault();
      setHelp(true);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  const skip = (event: Event) => {
    event.preventDefault();
    document.getElementById('main')!.focus();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t('app.skip')}</a>
      <Navigation view={view} onHelp={() => setHelp(true)} />
      <main id="main" tabIndex={-1} class={`view-${view}`}>{view === 'chat' ? <ChatView /> : <LazyView key={view} view={view} />}</main>
      <Announcer />
      <KeyDialog />
      {help && <HelpDialog onClose={() => setHelp(false)} />}
    </>
  );
}

function Navigation({ view, onHelp }: { view: View; onHelp: () => void }) {
  return (
    <header class="frame">
      <a class="brand" href={hrefOf('chat')} aria-label="RkLlama"><img src="icon.svg" alt="" width="28" height="28" /><span>RkLlama</span></a>
      <nav aria-label={t('app.navigation')}>
        <ul>
          {views.map((name, index) => (
            <li key={name}>
              <a href={hrefOf(name)} aria-current={name === view ? 'page' : undefined} accessKey={String(index + 1)}>
                <Icon name={name} />
                <span>{t(`view.${name}`)}</span>
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <NodeState />
      <IconButton icon="more" label={t('help.title')} onClick={onHelp} kind="help" />
    </header>
  );
}

function LazyView({ view }: { view: Exclude<View, 'chat'> }) {
  const [Content, setContent] = useState<ComponentType | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    loadViews().then(module => setContent(() => module[lazyViews[view]]), () => setFailed(true));
  }, []);
  if (failed) return <p class="notice error">{t('error.offline')}</p>;
  return Content ? <Content /> : <Loading />;
}
