// A panel that slides over the view on a narrow screen. As a modal dialog of the browser it keeps the focus inside, closes with Escape, and gives the focus back.
import type { ComponentChild } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

const narrow = matchMedia('(max-width: 60rem)');

// Whether the screen has no place for a column at the side.
export function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(narrow.matches);
  useEffect(() => {
    const update = () => setNarrow(narrow.matches);
    update();
    narrow.addEventListener('change', update);
    return () => narrow.removeEventListener('change', update);
  }, []);
  return isNarrow;
}

export function Drawer({ label, onClose, children }: { label: string; onClose: () => void; children: ComponentChild }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const element = dialog.current!;
    element.showModal();
    return () => element.close();
  }, []);
  const onBackdrop = (event: MouseEvent) => event.target === dialog.current && onClose();
  return <dialog ref={dialog} class="drawer" aria-label={label} onCancel={event => (event.preventDefault(), onClose())} onClick={onBackdrop}>{children}</dialog>;
}
