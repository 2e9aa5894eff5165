// The table of short names, and a field for any other name that the node can download.
import { useEffect, useState } from 'preact/hooks';
import { type ShortName, readNames } from '../api/node';
import { downloadOf, models } from '../state/catalog';
import { status } from '../state/live';
import { pull } from '../state/pulls';
import { t } from '../texts/views';
import { announce } from '../ui/announcer';
import { bytes } from '../ui/format';
import { Failure, useData } from '../ui/notice';

const shown = 30;

export function NameTable() {
  const [query, setQuery] = useState('');
  const [wanted, setWanted] = useState('');
  const [failure, setFailure] = useState<unknown>(null);
  const { data, error, reload } = useData(() => readNames(wanted), [wanted, models.value?.length]);
  useEffect(() => {
    const timer = setTimeout(() => setWanted(query.trim()), 200);
    return () => clearTimeout(timer);
  }, [query]);
  const start = async (name: string) => {
    try {
      const answer = await pull(name);
      setFailure(null);
      setQuery('');
      announce(answer.present ? t('models.present', { model: answer.model }) : t('models.downloading', { model: answer.model }));
    } catch (problem) {
      setFailure(problem);
    }
  };
  const isAddress = /[/]/.test(query);
  const isOther = isAddress || (data !== null && wanted !== '' && data.length === 0);
  if (status.value?.features.read_only) return null;
  return (
    <section aria-labelledby="names">
      <h2 id="names">{t('names.title')}</h2>
      <form class="row" onSubmit={event => (event.preventDefault(), void (isOther && start(query.trim())))}>
        <label class="offscreen" for="name-search">{t('names.search')}</label>
        <input id="name-search" type="search" class="grow" placeholder={t('names.search')} value={query} onInput={event => setQuery(event.currentTarget.value)} />
        {isOther && <button type="submit" class="primary">{t('models.pull')}</button>}
      </form>
      <p class="hint">{t('names.forms')}</p>
      {failure !== null && <Failure error={failure} />}
      {error !== null && <Failure error={error} onRetry={reload} />}
      {data?.length === 0 && <p>{isAddress ? t('names.address') : t('names.none')}</p>}
      <ul class="rows">{[...(data ?? [])].sort((a, b) => Number(b.recommended) - Number(a.recommended)).slice(0, shown).map(name => <NameRow key={name.name} name={name} onPull={() => void start(name.name)} />)}</ul>
      {data !== null && data.length > shown && <p class="hint">{t('names.more', { count: data.length - shown })}</p>}
    </section>
  );
}

function NameRow({ name, onPull }: { name: ShortName; onPull: () => void }) {
  const download = downloadOf(name.name);
  const isRunning = download !== null && download.error === null;
  return (
    <li>
      <span class="grow">
        <strong>{name.name}</strong> {name.recommended && <span class="badge good">{t('names.recommended')}</span>}
        <span class="hint"> {name.repo}{name.size_bytes !== null && ` · ${bytes(name.size_bytes)}`}{name.platform && ` · ${name.platform.toUpperCase()}`}</span>
      </span>
      {name.present ? (
        <span class="badge">{t('names.present')}</span>
      ) : isRunning ? (
        <span class="badge busy">{t('models.stateDownloading')}</span>
      ) : (
        <button type="button" aria-label={t('models.pullNamed', { model: name.name })} onClick={onPull}>{t('models.pull')}</button>
      )}
    </li>
  );
}
