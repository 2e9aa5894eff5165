import type { ComponentChild } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { t } from '../texts';
import { IconButton } from './buttons';

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChild;
  kind?: string;
}

// A modal dialog of the browser: it keeps the focus inside, closes with Escape, and gives the focus back.
export function Dialog({ title, onClose, children, kind = '' }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  const onBackdrop = (event: MouseEvent) => event.target === dialog.current && onClose();
  return (
    <dialog ref={dialog} class={kind} aria-labelledby={heading} onCancel={event => (event.preventDefault(), onClose())} onClick={onBackdrop}>
      <div class="dialog-body">
        <header>
          <h2 id={heading}>{title}</h2>
          <IconButton icon="close" label={t('dialog.close')} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
