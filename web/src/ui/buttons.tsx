import type { ComponentChild } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { t } from '../texts';
import { announce } from './announcer';
import { copyText } from './clipboard';
import { focusWhenThere } from './focus';
import { Icon, type IconName } from './icons';

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  disabled?: boolean;
  pressed?: boolean;
  expanded?: boolean;
  kind?: string;
  accessKey?: string;
  id?: string;
}

export function IconButton({ icon, label, onClick, disabled, pressed, expanded, kind = '', accessKey, id }: IconButtonProps) {
  return (
    <button
      type="button" class={`icon-button ${kind}`} aria-label={label} title={label} onClick={onClick} disabled={disabled} aria-pressed={pressed} aria-expanded={expanded}
      accessKey={accessKey} id={id}
    >
      <Icon name={icon} />
    </button>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [copied, setCopied] = useState<boolean | null>(null);
  useEffect(() => {
    if (copied === null) return;
    const timer = setTimeout(() => setCopied(null), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await copyText(text);
    setCopied(done);
    announce(done ? t('copy.done') : t('copy.failed'));
  };
  const title = copied === null ? label : copied ? t('copy.done') : t('copy.failed');
  return <IconButton icon={copied ? 'check' : copied === false ? 'warning' : 'copy'} label={title} onClick={() => void copy()} />;
}

// A button that asks once more before it acts. The focus goes to "No"; Escape means no.
export function ConfirmButton({ children, question, yes = t('confirm.yes'), onConfirm, kind = '', disabled = false }: ConfirmButtonProps) {
  const [asks, setAsks] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const close = () => {
    setAsks(false);
    focusWhenThere(() => trigger.current);
  };
  if (!asks) return <button type="button" class={kind} ref={trigger} aria-disabled={disabled} onClick={() => !disabled && setAsks(true)}>{children}</button>;
  return (
    <Question text={question} onNo={close}>
      <button type="button" class="danger" onClick={() => (close(), onConfirm())}>{yes}</button>
    </Question>
  );
}

interface ConfirmButtonProps {
  children: ComponentChild;
  question: string;
  yes?: string;
  onConfirm: () => void;
  kind?: string;
  disabled?: boolean;
}

// The question itself: the button that acts is a child.
export function Question({ text, no = t('confirm.no'), onNo, children }: { text: string; no?: string; onNo: () => void; children: ComponentChild }) {
  const safe = useRef<HTMLButtonElement>(null);
  // Before the next key: a second Escape belongs to the question.
  useLayoutEffect(() => safe.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    // This Escape neither closes a dialog nor stops an answer.
    event.preventDefault();
    event.stopPropagation();
    onNo();
  };
  return (
    <span class="confirm" role="group" aria-label={text} onKeyDown={onKeyDown}>
      <span>{text}</span>
      {children}
      <button type="button" ref={safe} onClick={onNo}>{no}</button>
    </span>
  );
}
