// Pictures of a question: made smaller in the browser, because the encoders of the models read few pixels, and kept as data URLs.
const longestSide = 1024;

export const pictureFiles = (data: DataTransfer | null): File[] => [...(data?.files ?? [])].filter(file => file.type.startsWith('image/'));

// Files that are not pictures are left out.
export async function readPictures(files: File[]): Promise<string[]> {
  const urls = await Promise.all(files.map(file => readPicture(file).catch(() => null)));
  return urls.filter(url => url !== null);
}

async function readPicture(file: File): Promise<string> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext('2d')!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.toDataURL('image/jpeg', 0.85);
}
