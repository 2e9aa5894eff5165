// The remedies of the doctor mix words and commands. A command begins with one of these programs, and ends at a sign of the sentence or at a word that no
// argument can be.
const programs = 'rkllama|systemctl|journalctl|dmesg|modprobe|udevadm|usermod|ls|df|ldd|/usr/lib/rkllama/share';
const words = 'sets|grants|lists|tells|and|or|in|on|with|does|is|then|to|the|until|at|for';
const command = new RegExp(`(?<![\\w./-])(?:sudo )?(?:${programs})(?: (?!(?:${words})\\b)(?:"[^"]*"|[^\\s;()",]+(?:,[^\\s;()",]+)*))+`, 'g');

export interface RemedyPart {
  text: string;
  isCommand: boolean;
}

export function remedyParts(text: string): RemedyPart[] {
  const parts: RemedyPart[] = [];
  let end = 0;
  for (const match of text.matchAll(command)) {
    // A full stop or a colon at the end belongs to the sentence.
    const found = match[0].replace(/[.:]+$/, '');
    if (match.index > end) parts.push({ text: text.slice(end, match.index), isCommand: false });
    parts.push({ text: found, isCommand: true });
    end = match.index + found.length;
  }
  if (end < text.length) parts.push({ text: text.slice(end), isCommand: false });
  return parts;
}
