import { render } from 'preact';
import { App } from './app';
import { loadChats, show } from './chat/chats';
import { preloadViews } from './lazy-view';
import { startCatalog } from './state/catalog';
import { loadKey } from './state/key';
import { startLive } from './state/live';
import { startRouter } from './state/router';
import { preferredLanguage, setLanguage } from './texts';
import './styles/main.css';

loadKey();
startRouter(({ view, id }) => {
  if (view === 'chat') void show(id);
});
void loadChats();
startLive();
startCatalog();
await setLanguage(preferredLanguage()).catch(() => {});
preloadViews();
render(<App />, document.getElementById('app')!);
