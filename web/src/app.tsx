// The frame of all views: navigation, the state of the node, the view itself.
import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { ChatView } from './chat/chat-view';
import { currentId } from './chat/chats';
import { HelpDialog } from './help';
import { LazyView } from './lazy-view';
import { NodeState } from './node/node-state';
import { type View, hrefOf, route, views } from './state/router';
import { t } from './texts';
import { Announcer } from './ui/announcer';
import { IconButton } from './ui/buttons';
import { Icon, Logo } from './ui/icons';
import { KeyDialog } from './ui/key-dialog';

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
  // The way back to the chat leads to the conversation that was shown last.
  const address = (name: View) => hrefOf(name, name === 'chat' ? currentId.value : null);
  return (
    <header class="frame">
      <a class="brand" href={address('chat')} aria-label="RkLlama"><Logo size={28} /><span>RkLlama</span></a>
      <nav aria-label={t('app.navigation')}>
        <ul>
          {views.map((name, index) => (
            <li key={name}>
              <a href={address(name)} aria-current={name === view ? 'page' : undefined} accessKey={String(index + 1)}>
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
