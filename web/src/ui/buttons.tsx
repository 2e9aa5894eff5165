import type { ComponentChild } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../texts';
import { announce } from './announcer';
import { copyText } from './clipboard';
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
}

export function IconButton({ icon, label, onClick, disabled, pressed, expanded, kind = '', accessKey }: IconButtonProps) {
  return (
    <button
      type="button" class={`icon-button ${kind}`} aria-label={label} title={label} onClick={onClick} disabled={disabled} aria-pressed={pressed} aria-expanded={expanded}
      accessKey={accessKey}
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

// A button that asks once more before it acts.
export function ConfirmButton({ children, question, onConfirm, kind = '' }: { children: ComponentChild; question: string; onConfirm: () => void; kind?: string }) {
  const [asks, setAsks] = useState(false);
  if (!asks) return <button type="button" class={kind} onClick={() => setAsks(true)}>{children}</button>;
  return (
    <span class="confirm" role="group" aria-label={question}>
      <span>{question}</span>
      <button type="button" class="danger" ref={button => button?.focus()} onClick={() => (setAsks(false), onConfirm())}>{t('confirm.yes')}</button>
      <button type="button" onClick={() => setAsks(false)}>{t('confirm.no')}</button>
    </span>
  );
}
