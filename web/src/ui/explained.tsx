// A name with its meaning: shown below it on a click, a tap or Enter, and on hover.
import { useId, useState } from 'preact/hooks';

export function Explained({ name, help }: { name: string; help: string }) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <button type="button" class="explained" title={help} aria-expanded={isOpen} aria-controls={isOpen ? id : undefined} onClick={() => setOpen(!isOpen)}>{name}</button>
      {isOpen && <span id={id} class="hint explanation">{help}</span>}
    </>
  );
}
