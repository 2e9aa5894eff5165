// The findings of the doctor, problems first, each with what to do.
import { useState } from 'preact/hooks';
import { type Examination, type Finding, readDoctor } from '../api/node';
import { t } from '../texts/views';
import { CopyButton } from '../ui/buttons';
import { clock } from '../ui/format';
import { Failure, Loading, Notice, useData } from '../ui/notice';
import { remedyParts } from './remedy';

const order = { failure: 0, warning: 1, ok: 2 };

export function DoctorView() {
  const [round, setRound] = useState(0);
  const { data, error, reload } = useData(readDoctor, [round]);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t('view.doctor')}</h1>
        <p class="hint">{t('doctor.help')}</p>
      </header>
      {error !== null && <Failure error={error} onRetry={reload} />}
      {data === null ? error === null && <Loading /> : <Findings examination={data} onAgain={() => setRound(round + 1)} />}
    </div>
  );
}

function Findings({ examination, onAgain }: { examination: Examination; onAgain: () => void }) {
  const { findings, failures, warnings, checked, as_root: asRoot } = examination;
  const sorted = [...findings].sort((a, b) => order[a.verdict] - order[b.verdict]);
  return (
    <>
      <p class="row">
        <strong class="grow">{failures + warnings === 0 ? t('doctor.allGood') : t('doctor.summary', { failures, warnings })}</strong>
        <span class="hint">{t('doctor.checked', { time: clock(checked) })}</span>
        <button type="button" onClick={onAgain}>{t('doctor.again')}</button>
      </p>
      {!asRoot && <Notice kind="info"><p>{t('doctor.notRoot')} <code>sudo rkllama doctor</code></p></Notice>}
      <ul class="findings">{sorted.map((finding, index) => <FindingRow key={index} finding={finding} />)}</ul>
    </>
  );
}

function FindingRow({ finding }: { finding: Finding }) {
  const kind = { ok: 'good', warning: 'warn', failure: 'bad' }[finding.verdict];
  return (
    <li class={kind}>
      <span class={`badge ${kind}`}>{t(`doctor.${finding.verdict}`)}</span>
      <div class="grow">
        <p lang="en">{finding.text}</p>
        {finding.remedy && <p class="remedy"><span>{t('doctor.remedy')}:</span> <Remedy text={finding.remedy} /></p>}
      </div>
    </li>
  );
}

// Words as words, commands as code with a button that copies them.
function Remedy({ text }: { text: string }) {
  return (
    <span lang="en">
      {remedyParts(text).map(({ text: part, isCommand }, index) =>
        isCommand ? <span key={index} class="command"><code>{part}</code><CopyButton text={part} label={t('doctor.copyCommand', { command: part })} /></span> : part,
      )}
    </span>
  );
}
