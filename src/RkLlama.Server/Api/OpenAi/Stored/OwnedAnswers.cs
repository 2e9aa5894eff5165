using System.Text.Json;
using RkLlama.Engine.Diagnostics;
using RkLlama.Engine.Stored;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Api.OpenAi.Stored;

/// <summary>The stored answers that one client may read: those of its API key. One instance per request.</summary>
internal sealed class OwnedAnswers(AnswerStore store, string owner)
{
    /// <summary>Whether answers are stored.</summary>
    internal bool IsOn => store.IsOn;

    internal string Owner => owner;

    internal static OwnedAnswers Of(HttpContext context) => new(context.RequestServices.GetRequiredService<AnswerStore>(), AnswerOwner.Of(context));

    /// <summary>Adds an entry, or replaces it.</summary>
    /// <returns><see langword="false"/> if it cannot be stored.</returns>
    internal bool Put(StoredKind kind, string id, long created, StoredState state, string? model, byte[] input, byte[] output) =>
        store.Put(new(id, kind, owner, created) { State = state, Model = model }, input, output);

    internal bool SetOutput(StoredKind kind, string id, byte[] output, StoredState state) => store.SetOutput(owner, kind, id, output, state);

    internal StoredContent? Find(StoredKind kind, string id) => store.Find(owner, kind, id);

    /// <exception cref="ApiException">Status 404: there is none.</exception>
    internal StoredContent Get(StoredKind kind, string id) => Find(kind, id) ?? throw NotFound(kind, id);

    /// <summary>Replaces the content of an entry.</summary>
    /// <exception cref="ApiException">Status 404: there is none. Status 507: the new content is too large.</exception>
    internal StoredContent Update(StoredKind kind, string id, Func<StoredContent, StoredContent> change)
    {
        if (store.FindEntry(owner, kind, id) is null)
            throw NotFound(kind, id);
        return store.Update(owner, kind, id, change) ?? throw TooLarge();
    }

    /// <summary>Replaces the content of an entry, if there is one.</summary>
    internal void TryUpdate(StoredKind kind, string id, Func<StoredContent, StoredContent> change) => store.Update(owner, kind, id, change);

    /// <exception cref="ApiException">Status 404: there is none.</exception>
    internal async Task DeleteAsync(StoredKind kind, string id)
    {
        if (!await store.DeleteAsync(owner, kind, id).ConfigureAwait(false))
            throw NotFound(kind, id);
    }

    internal List<StoredEntry> List(StoredKind kind) => store.List(owner, kind);

    /// <summary>Returns when all changes so far are on the disk.</summary>
    internal Task FlushAsync() => store.FlushAsync();

    /// <exception cref="ApiException">Status 400: answers are not stored.</exception>
    internal static OwnedAnswers Require(OwnedAnswers? answers, string field) => answers is { IsOn: true }
        ? answers
        : throw OpenAiRequest.Unsupported($"{field} needs stored answers, and this node stores none: --store is 0, or it has no directory for them.", field);

    internal static ApiException TooLarge() => new(StatusCodes.Status507InsufficientStorage, new("This is too large to be stored, or the disk is full."));

    internal static ApiException NotFound(StoredKind kind, string id)
    {
        string what = kind switch
        {
            StoredKind.Response => "response",
            StoredKind.ChatCompletion => "chat completion",
            _ => "conversation",
        };
        return new(StatusCodes.Status404NotFound, new($"There is no stored {what} with the id '{Excerpt.Of(id)}': it was deleted, is too old, or was never stored."));
    }

    /// <summary>Parses stored JSON, which this server has written.</summary>
    internal static JsonElement Parse(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
