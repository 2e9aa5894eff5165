namespace RkLlama.Engine.Stored;

/// <summary>What an entry of the <see cref="AnswerStore"/> is. Ids of different kinds do not collide, but a request names the kind it wants.</summary>
internal enum StoredKind
{
    /// <summary>A response of the responses API. Its input is the array of all items of the conversation.</summary>
    Response,

    /// <summary>A chat completion. Its input is the array of messages.</summary>
    ChatCompletion,

    /// <summary>A conversation. Its input is the array of its items.</summary>
    Conversation,
}

internal enum StoredState
{
    /// <summary>The run of this process has not ended.</summary>
    Running,

    /// <summary>The content is final, or changes only by requests.</summary>
    Ended,

    /// <summary>The server stopped before the run ended. Entries that were running when the server read the directory have this state.</summary>
    Interrupted,
}

/// <summary>An entry of the store, without its content. Immutable.</summary>
/// <param name="Id">Unique. Lower-case letters, digits, underscores and hyphens, because it is also the name of the file.</param>
/// <param name="Owner">Identifies the API key of the client. Only requests with the same owner see the entry.</param>
/// <param name="Created">Unix time in seconds.</param>
internal sealed record StoredEntry(string Id, StoredKind Kind, string Owner, long Created)
{
    /// <summary>When the content was written last, Unix time in seconds. The age of the entry counts from here.</summary>
    public long Written { get; init; }

    public StoredState State { get; init; }

    /// <summary>Name of the model; <see langword="null"/> if the entry has none.</summary>
    public string? Model { get; init; }

    /// <summary>Orders entries of the same second. Later entries have larger numbers.</summary>
    public long Number { get; init; }
}

/// <summary>An entry with its content. Both parts are JSON, which the store does not read.</summary>
/// <param name="Input">What the client sent.</param>
/// <param name="Output">What the client gets if it asks for the entry.</param>
internal sealed record StoredContent(StoredEntry Entry, ReadOnlyMemory<byte> Input, ReadOnlyMemory<byte> Output);
