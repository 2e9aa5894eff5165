// A part of an address, decoded. An address that somebody has cut may end in half of a character: then it stays as it is.
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
