import type { ComponentChild } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
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
  // Not useEffect, which is cleaned up after the element is gone: then the browser does not give the focus back.
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  // Escape as a key, because a browser closes the dialog without a question if its own Escape was refused before and no click came between.
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.preventDefault();
    onClose();
  };
  // Closed by the browser, such as with the second "back" of a phone: opened again, because onClose may ask first.
  const onClosed = () => {
    if (!dialog.current?.isConnected) return;
    dialog.current.showModal();
    onClose();
  };
  const onBackdrop = (event: MouseEvent) => event.target === dialog.current && onClose();
  return (
    <dialog
      ref={dialog} class={kind} aria-labelledby={heading} onKeyDown={onKeyDown} onCancel={event => (event.preventDefault(), onClose())} onClose={onClosed} onClick={onBackdrop}
    >
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
