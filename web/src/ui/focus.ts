// Keeps the keyboard focus in its place when the element that had it goes away.

const patienceFrames = 120;

// Focuses an element as soon as it is rendered. find returns null until then.
export function focusWhenThere(find: () => HTMLElement | null, frames = patienceFrames): void {
  requestAnimationFrame(() => {
    const element = find();
    if (element) element.focus({ preventScroll: true });
    else if (frames > 0) focusWhenThere(find, frames - 1);
  });
}

// With a mouse or a trackpad. Without one, a focused field would open the keyboard of the phone.
export const hasFinePointer = (): boolean => matchMedia('(pointer: fine)').matches;
