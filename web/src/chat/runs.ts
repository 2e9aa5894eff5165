// Answers that this tab receives. The text of a running answer is in signals that change once per animation frame; the message itself changes at the end.
import { type Signal, signal } from '@preact/signals';
import { ApiError } from '../api/http';
import { KeyMissing } from '../state/key';
import { newId } from '../ui/id';
import { change, conversations, currentId, messages, onStopFromOtherTab, putMessage, stopInOtherTab, tab } from './chats';
import { type Conversation, type Figures, type Message, pathTo, requestMessages, settingFields, titleOf } from './conversation';
import { noFigures, together } from './figures';
import { AnswerCut, Cancelled, streamAnswer } from './stream';

export type Phase = 'waiting' | 'thinking' | 'answering';

export interface Run {
  // Also the id of the request on the node.
  id: string;
  message: string;
  conversation: string;
  startedAt: number;
  phase: Signal<Phase>;
  place: Signal<{ position: number; waitSeconds: number | null } | null>;
  content: Signal<string>;
  reasoning: Signal<string>;
  stop(): void;
}

// By conversation: one answer at a time in each.
export const runs = signal<ReadonlyMap<string, Run>>(new Map());
export const runOf = (message: Message) => [...runs.value.values()].find(run => run.message === message.id) ?? null;

const saveEveryMs = 1000;
function setRun(conversation: string, run: Run | null): void {
  const next = new Map(runs.value);
  if (run) next.set(conversation, run);
  else next.delete(conversation);
  runs.value = next;
}

// Sends a question as a child of parent, and runs its answer. answerId: the id that its answer gets.
export async function ask(conversation: Conversation, parent: string | null, content: string, images: string[], model: string, answerId = newId()): Promise<void> {
  const question: Message = { id: newId(), conversation: conversation.id, parent, role: 'user', content, created: Date.now(), ...(images.length > 0 ? { images } : {}) };
  await putMessage(question);
  const title = conversation.title || titleOf(content);
  await change(conversation.id, { title, updated: Date.now(), leaf: question.id, model });
  await answer(conversation.id, question.id, model, answerId);
}

// Runs a new answer to a question.
export async function answer(conversationId: string, question: string, model: string, id = newId()): Promise<void> {
  const message: Message = {
    id, conversation: conversationId, parent: question, role: 'assistant', content: '', created: Date.now(), state: 'running', touched: Date.now(), tab, model,
  };
  await receive(message);
}

// Lets the model continue an answer that was cut.
export async function continueAnswer(message: Message, model: string): Promise<void> {
  await receive({ ...message, state: 'running', touched: Date.now(), tab, model, error: undefined, finish: undefined, request: undefined });
}

async function receive(start: Message): Promise<void> {
  const conversation = conversations.value.find(({ id }) => id === start.conversation);
  if (!conversation || runs.value.has(conversation.id)) return;
  const abort = new AbortController();
  const request = `web-${newId()}`;
  const message = { ...start, request };
  const run: Run = {
    id: request,
    message: message.id,
    conversation: conversation.id,
    startedAt: performance.now(),
    phase: signal<Phase>('waiting'),
    place: signal<{ position: number; waitSeconds: number | null } | null>(null),
    content: signal(message.content),
    reasoning: signal(message.reasoning ?? ''),
    stop: () => abort.abort(),
  };
  const history = pathTo([...messages.value.filter(({ id }) => id !== message.id), message], message.id);
  // First of all, so that a second click finds a busy conversation.
  setRun(conversation.id, run);
  await putMessage(message);
  await change(conversation.id, { leaf: message.id, updated: Date.now() });
  const receiver = new Receiver(message, run);
  try {
    await streamAnswer(
      {
        id: run.id, model: message.model!, signal: abort.signal,
        messages: requestMessages(history, conversation.settings.system), fields: settingFields(conversation.settings),
      },
      receiver,
    );
    await receiver.end('done');
  } catch (error) {
    // The browser breaks the connection of a page that is being closed: the stored answer stays a running one, which the next page finds abandoned.
    if (isLeaving() && !abort.signal.aborted) return receiver.leave();
    await receiver.end(abort.signal.aborted ? 'stopped' : 'failed', abort.signal.aborted ? undefined : reason(error));
  } finally {
    setRun(conversation.id, null);
  }
}

// Firefox breaks the connections as soon as a reload begins, before it hides the page.
const leaveMs = 1000;
let isHidden = false;
let leftAt = -Infinity;
window.addEventListener('beforeunload', () => (leftAt = performance.now()));
window.addEventListener('pagehide', () => (isHidden = true));
window.addEventListener('pageshow', () => (isHidden = false));
const isLeaving = (): boolean => isHidden || performance.now() - leftAt < leaveMs;

// Codes are translated where the message is shown; other texts come from the node.
function reason(error: unknown): string {
  if (error instanceof AnswerCut) return 'code:cut';
  if (error instanceof Cancelled) return 'code:cancelled';
  if (error instanceof KeyMissing) return 'code:key';
  if (error instanceof ApiError) return error.isOffline ? 'code:offline' : error.message;
  return String(error);
}

class Receiver {
  #content: string;
  #reasoning: string;
  #thoughtSince = 0;
  #figures: Figures = noFigures;
  #frame = false;
  #savedAt = Date.now();
  readonly #saver: number;
  readonly #saveNow = () => this.#save();

  constructor(private message: Message, private readonly run: Run) {
    this.#content = message.content;
    this.#reasoning = message.reasoning ?? '';
    this.#saver = window.setInterval(() => this.#save(), 2 * saveEveryMs);
    window.addEventListener('pagehide', this.#saveNow);
  }

  onStart(ignored: string[]): void {
    if (ignored.length > 0) this.message = { ...this.message, ignored };
  }

  onQueue(position: number, waitSeconds: number | null): void {
    this.run.place.value = { position, waitSeconds };
  }

  onReasoning(text: string): void {
    this.#first('thinking');
    this.#reasoning += text.replaceAll('\r', '');
    this.#show();
  }

  onContent(text: string): void {
    this.#first('answering');
    this.#content += text.replaceAll('\r', '');
    this.#show();
  }

  onFinish(finish: string): void {
    this.message = { ...this.message, finish };
  }

  onFigures(figures: Partial<Figures>): void {
    this.#figures = { ...this.#figures, ...figures };
  }

  // Ends with the page.
  leave(): void {
    this.#save();
    this.#stopSaving();
  }

  #stopSaving(): void {
    clearInterval(this.#saver);
    window.removeEventListener('pagehide', this.#saveNow);
  }

  async end(state: 'done' | 'stopped' | 'failed', error?: string): Promise<void> {
    this.#stopSaving();
    this.#endThoughts();
    const { figures: before, request } = this.message;
    // The stream tells tokens and speed at its end only; for an answer that ended early, the node tells them later.
    await putMessage({
      ...this.#current(), state, error, figures: together(before, this.#figures), request: this.#figures.outputTokens === null ? request : undefined, touched: undefined, tab: undefined,
    });
  }

  #first(phase: Phase): void {
    const { run } = this;
    if (run.phase.value === phase) return;
    if (run.phase.value === 'waiting') this.#figures = { ...this.#figures, firstTokenMs: performance.now() - run.startedAt };
    if (phase === 'thinking') this.#thoughtSince = performance.now();
    else this.#endThoughts();
    run.phase.value = phase;
  }

  #endThoughts(): void {
    if (this.#thoughtSince === 0) return;
    this.message = { ...this.message, reasoningMs: (this.message.reasoningMs ?? 0) + performance.now() - this.#thoughtSince };
    this.#thoughtSince = 0;
  }

  // A hidden tab has no frames; it also needs none.
  #show(): void {
    if (Date.now() - this.#savedAt > saveEveryMs) this.#save();
    if (this.#frame) return;
    this.#frame = true;
    requestAnimationFrame(() => {
      this.#frame = false;
      this.run.content.value = this.#content;
      this.run.reasoning.value = this.#reasoning;
    });
  }

  #current(): Message {
    return { ...this.message, content: this.#content, reasoning: this.#reasoning || undefined };
  }

  #save(): void {
    this.#savedAt = Date.now();
    void putMessage({ ...this.#current(), touched: Date.now() });
  }
}

// A running answer that no tab receives any more: its page was closed or reloaded.
export function isAbandoned(message: Message, now = Date.now()): boolean {
  if (message.state !== 'running' || runOf(message)) return false;
  return message.tab === tab || lastTab === message.tab || now - (message.touched ?? 0) > 6000;
}

// The id of this tab before its reload.
let lastTab: string | null = null;
try {
  lastTab = sessionStorage.getItem('rkllama-tab');
  sessionStorage.setItem('rkllama-tab', tab);
} catch {
  // Without storage, the time decides.
}

// Whether another tab receives an answer of the conversation that is shown. It cannot go on before that answer has ended.
export const runsElsewhere = (message: Message): boolean => message.state === 'running' && !runOf(message) && !isAbandoned(message);
export const isBusy = (conversation: string): boolean => runs.value.has(conversation) || (conversation === currentId.value && messages.value.some(runsElsewhere));

onStopFromOtherTab(conversation => runs.value.get(conversation)?.stop());

// Stops the run of the conversation that is shown.
export function stopCurrent(): boolean {
  const conversation = currentId.value;
  if (conversation === null || !isBusy(conversation)) return false;
  const run = runs.value.get(conversation);
  if (run) run.stop();
  else stopInOtherTab(conversation);
  return true;
}
