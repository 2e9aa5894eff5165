// An answer: thoughts folded, text, how it ended, figures. While it runs, its text comes from the signals of the run.
import { useEffect, useState } from 'preact/hooks';
import { GrowingMarkdown, Markdown } from '../markdown/markdown';
import { chatModel, models } from '../state/catalog';
import { activeRequests } from '../state/live';
import { t } from '../texts';
import { CopyButton, IconButton } from '../ui/buttons';
import { Explained } from '../ui/explained';
import { duration, milliseconds, number, speed } from '../ui/format';
import { newId } from '../ui/id';
import { KeyNotice, Notice } from '../ui/notice';
import { useAnnouncements } from './announcements';
import type { Figures, Message } from './conversation';
import { useElsewhere } from './elsewhere';
import { useLateFigures } from './late-figures';
import { Branches, focusMessage } from './question';
import { type Run, answer, continueAnswer, isBusy, runOf } from './runs';

export function Answer({ message, isLast }: { message: Message; isLast: boolean }) {
  const run = runOf(message);
  return (
    <article class="message answer" id={`message-${message.id}`} tabIndex={-1} aria-label={t('chat.answerOf', { model: message.model ?? '' })}>
      <h2>{message.model}</h2>
      {run ? <RunningAnswer run={run} message={message} /> : <StillAnswer message={message} isLast={isLast} />}
    </article>
  );
}

function RunningAnswer({ run, message }: { run: Run; message: Message }) {
  useAnnouncements(run);
  const reasoning = run.reasoning.value;
  const phase = run.phase.value;
  return (
    <>
      {reasoning !== '' && <Thoughts text={reasoning} isOpen={phase === 'thinking'} ms={phase === 'thinking' ? null : (message.reasoningMs ?? null)} grows={true} />}
      {phase === 'waiting' && <Waiting run={run} />}
      <GrowingMarkdown text={run.content.value} />
      <div class="running-line" aria-hidden="true"><span class="pulse" /></div>
    </>
  );
}

// What the node does before the first token: place in the queue, load of the model, prompt.
function Waiting({ run }: { run: Run }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setSeconds(Math.floor((performance.now() - run.startedAt) / 1000)), 1000);
    return () => clearInterval(timer);
  }, [run]);
  return <p class="waiting">{waitingText(run)}{seconds >= 3 && <span class="hint"> · {duration(seconds)}</span>}</p>;
}

export function waitingText(run: Run, withTime = true): string {
  const request = activeRequests.value.find(({ id }) => id === run.id);
  if (request?.phase === 'loading') return t('chat.loadingModel');
  if (request?.phase === 'prefill') return t('chat.reading');
  const position = request ? (request.phase === 'queued' ? request.position : null) : run.place.value?.position;
  const wait = request ? request.expected_wait_seconds : run.place.value?.waitSeconds;
  if (!position) return t('chat.waiting');
  return wait && withTime ? t('chat.queuedWait', { position, wait: duration(wait) }) : t('chat.queued', { position });
}

function StillAnswer({ message, isLast }: { message: Message; isLast: boolean }) {
  useLateFigures(message);
  const waits = isBusy(message.conversation);
  const model = chatModel.value;
  const again = () => {
    if (!message.parent || !model) return;
    const id = newId();
    void answer(message.conversation, message.parent, model, id);
    focusMessage(id);
  };
  return (
    <>
      {message.reasoning && <Thoughts text={message.reasoning} isOpen={false} ms={message.reasoningMs ?? null} grows={false} />}
      {message.content !== '' && <Markdown text={message.content} />}
      <Ending message={message} canContinue={isLast && !waits && model !== null} />
      {message.ignored && message.ignored.length > 0 && <p class="hint">{t('chat.ignored', { fields: message.ignored.join(', ') })}</p>}
      <div class="message-tools">
        <Branches message={message} />
        <CopyButton text={message.content} label={t('chat.copyAnswer')} />
        <IconButton icon="again" label={t('chat.again')} onClick={again} disabled={waits || model === null} />
        {message.figures && <FigureLine figures={message.figures} />}
      </div>
    </>
  );
}

// Why an answer is not complete, and what to do.
function Ending({ message, canContinue }: { message: Message; canContinue: boolean }) {
  const elsewhere = useElsewhere(message);
  if (message.state === 'failed' && message.error === 'code:key') return <KeyNotice />;
  const text = elsewhere ? t('chat.elsewhere') : endingText(message);
  if (text === null) return null;
  const goOn = () => {
    const own = message.model;
    void continueAnswer(message, own !== undefined && models.value?.some(({ name }) => name === own) ? own : chatModel.value!);
    focusMessage(message.id);
  };
  const button = canContinue && !elsewhere && <button type="button" onClick={goOn}>{message.content || message.reasoning ? t('chat.continue') : t('chat.retry')}</button>;
  const isError = message.state === 'failed' && message.error !== 'code:cancelled';
  const isFromNode = isError && !codes[message.error ?? ''];
  return <Notice kind={isError ? 'error' : 'info'}><p lang={isFromNode ? 'en' : undefined}>{text}</p>{button}</Notice>;
}

const codes: Record<string, Parameters<typeof t>[0]> = { 'code:cut': 'chat.cut', 'code:offline': 'error.offline', 'code:cancelled': 'chat.cancelled' };

function endingText(message: Message): string | null {
  if (message.state === 'failed') return codes[message.error ?? ''] ? t(codes[message.error!]!) : (message.error ?? t('chat.cut'));
  if (message.state === 'stopped') return t('chat.stopped');
  if (message.state === 'running') return t('chat.abandoned');
  if (message.finish === 'length') return t('chat.length');
  return message.content === '' ? t('chat.noText') : null;
}

function Thoughts({ text, isOpen, ms, grows }: { text: string; isOpen: boolean; ms: number | null; grows: boolean }) {
  const label = isOpen ? t('chat.thinking') : ms === null ? t('chat.thoughts') : t('chat.thoughtFor', { time: duration(ms / 1000) });
  return (
    <details class="thoughts">
      <summary>{label}</summary>
      {grows ? <GrowingMarkdown text={text} /> : <Markdown text={text} />}
    </details>
  );
}

function FigureLine({ figures }: { figures: Figures }) {
  const parts: [string, string][] = [];
  if (figures.decodePerSecond) parts.push([speed(figures.decodePerSecond), t('figure.speedHelp')]);
  if (figures.firstTokenMs !== null) parts.push([t('figure.first', { value: milliseconds(figures.firstTokenMs) }), t('figure.firstHelp')]);
  if (figures.outputTokens !== null) parts.push([t('figure.tokens', { value: number(figures.outputTokens) }), t('figure.tokensHelp', { prompt: number(figures.promptTokens ?? 0) })]);
  if (figures.cachedTokens) parts.push([t('figure.cached', { value: number(figures.cachedTokens) }), t('figure.cachedHelp')]);
  return <span class="figures">{parts.map(([text, help]) => <Explained key={help} name={text} help={help} />)}</span>;
}
