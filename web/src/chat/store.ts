// Conversations in the browser's IndexedDB. If it is not available (a private window), they live as long as the page.
import type { Conversation, Message } from './conversation';

export interface Store {
  conversations(): Promise<Conversation[]>;
  messages(conversation: string): Promise<Message[]>;
  saveConversation(conversation: Conversation): Promise<void>;
  saveMessage(message: Message): Promise<void>;
  remove(conversation: string): Promise<void>;
  // Ids of the conversations that have the text in a message, without regard to case.
  search(text: string): Promise<Set<string>>;
  readonly isKept: boolean;
}

export async function openStore(): Promise<Store> {
  try {
    return new DatabaseStore(await open());
  } catch {
    return new MemoryStore();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('rkllama', 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('conversations', { keyPath: 'id' });
      request.result.createObjectStore('messages', { keyPath: 'id' }).createIndex('conversation', 'conversation');
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error('blocked'));
  });
}

const contains = (message: Message, text: string) =>
  message.content.toLowerCase().includes(text) || (message.reasoning?.toLowerCase().includes(text) ?? false);

class DatabaseStore implements Store {
  readonly isKept = true;

  constructor(private readonly database: IDBDatabase) {
    // A newer version of the page in another tab may replace the database.
    database.onversionchange = () => database.close();
  }

  conversations(): Promise<Conversation[]> {
    return this.#read(this.#stores('readonly').conversations.getAll());
  }

  messages(conversation: string): Promise<Message[]> {
    return this.#read(this.#stores('readonly').messages.index('conversation').getAll(conversation));
  }

  async saveConversation(conversation: Conversation): Promise<void> {
    await this.#read(this.#stores('readwrite').conversations.put(conversation));
  }

  // commit: without it, a write of a page that is being closed is lost.
  async saveMessage(message: Message): Promise<void> {
    const { messages } = this.#stores('readwrite');
    const written = this.#read(messages.put(message));
    messages.transaction.commit();
    await written;
  }

  async remove(conversation: string): Promise<void> {
    const { conversations, messages } = this.#stores('readwrite');
    conversations.delete(conversation);
    const keys = await this.#read(messages.index('conversation').getAllKeys(conversation));
    await Promise.all(keys.map(key => this.#read(messages.delete(key))));
  }

  search(text: string): Promise<Set<string>> {
    const wanted = text.toLowerCase();
    const found = new Set<string>();
    const cursor = this.#stores('readonly').messages.openCursor();
    return new Promise((resolve, reject) => {
      cursor.onerror = () => reject(cursor.error);
      cursor.onsuccess = () => {
        const { result } = cursor;
        if (!result) return resolve(found);
        if (contains(result.value as Message, wanted)) found.add((result.value as Message).conversation);
        result.continue();
      };
    });
  }

  #stores(mode: IDBTransactionMode): { conversations: IDBObjectStore; messages: IDBObjectStore } {
    const transaction = this.database.transaction(['conversations', 'messages'], mode);
    return { conversations: transaction.objectStore('conversations'), messages: transaction.objectStore('messages') };
  }

  #read<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }
}

export class MemoryStore implements Store {
  readonly isKept = false;
  readonly #conversations = new Map<string, Conversation>();
  readonly #messages = new Map<string, Message>();

  async conversations(): Promise<Conversation[]> {
    return [...this.#conversations.values()];
  }

  async messages(conversation: string): Promise<Message[]> {
    return [...this.#messages.values()].filter(message => message.conversation === conversation);
  }

  async saveConversation(conversation: Conversation): Promise<void> {
    this.#conversations.set(conversation.id, conversation);
  }

  async saveMessage(message: Message): Promise<void> {
    this.#messages.set(message.id, message);
  }

  async remove(conversation: string): Promise<void> {
    this.#conversations.delete(conversation);
    for (const message of await this.messages(conversation)) this.#messages.delete(message.id);
  }

  async search(text: string): Promise<Set<string>> {
    return new Set([...this.#messages.values()].filter(message => contains(message, text.toLowerCase())).map(message => message.conversation));
  }
}
