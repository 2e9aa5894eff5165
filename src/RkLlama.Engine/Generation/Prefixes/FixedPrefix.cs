using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.Json;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Prefixes;

/// <summary>The part of a prompt before the first message of the user: system turn and tools, in the form of the chat template.</summary>
internal static class FixedPrefix
{
    /// <summary>Minimum number of tokens of a prefix that is saved. A shorter one is processed in a moment.</summary>
    internal const int MinTokens = 256;

    // Two messages that have no token in common.
    private static readonly string[] Messages = ["a", "1"];

    // The seed differs in each process, so that a client cannot construct a request with the key of another one.
    private static readonly long Seed = Random.Shared.NextInt64();

    // The hash of each thread, because one has more than 500 bytes, and each request needs one.
    [ThreadStatic]
    private static XxHash128? _hash;

    /// <summary>Returns the system messages of a conversation, and all of its properties that change the beginning of the prompt.</summary>
    internal static Conversation BeginningOf(Conversation conversation) => conversation with
    {
        Messages = [.. conversation.Messages.TakeWhile(static message => message.Role == "system")],
        ContinuesLastMessage = false,
        AddsGenerationPrompt = true,
    };

    /// <summary>Returns a copy that does not keep the body of the request in memory.</summary>
    internal static Conversation Copy(Conversation beginning) => beginning with
    {
        Tools = beginning.Tools is null ? null : [.. beginning.Tools.Select(static tool => tool.Clone())],
        TemplateVariables = beginning.TemplateVariables?.ToDictionary(static variable => variable.Key, static variable => variable.Value.Clone()),
    };

    /// <summary>Returns a hash. Requests with the same one have the same beginning.</summary>
    internal static UInt128 KeyOf(Conversation beginning)
    {
        XxHash128 hash = _hash ??= new(Seed);
        hash.Reset();
        Append(hash, beginning.EnableThinking?.ToString() ?? "");
        foreach (ChatMessage message in beginning.Messages)
            Append(hash, message.Content ?? "");
        foreach (JsonElement tool in beginning.Tools ?? [])
            Append(hash, tool);
        foreach ((string name, JsonElement value) in (beginning.TemplateVariables ?? new Dictionary<string, JsonElement>()).OrderBy(static variable => variable.Key, StringComparer.Ordinal))
        {
            Append(hash, name);
            Append(hash, value);
        }

        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>
    /// Computes the tokens that all prompts with this beginning have in common: those of two prompts that differ in the message of the user only. The prompt of a
    /// real request must have them, too.
    /// </summary>
    /// <returns><see langword="null"/> if there are fewer than <see cref="MinTokens"/>.</returns>
    /// <exception cref="PromptException">The chat template does not render a conversation of one message.</exception>
    internal static int[]? Compute(PromptBuilder prompts, PrefixSample sample, PromptLimits limits)
    {
        int common = sample.Tokens.Count - 1;
        foreach (string message in Messages)
        {
            Conversation conversation = sample.Conversation with { Messages = [.. sample.Conversation.Messages, new("user", message)] };
            if (prompts.Build(conversation, limits).Tokens is not { } tokens)
                return null;
            common = Math.Min(common, CommonLength(tokens, sample.Tokens, common));
        }

        return common >= MinTokens ? [.. sample.Tokens.Take(common)] : null;
    }

    private static int CommonLength(IReadOnlyList<int> one, IReadOnlyList<int> other, int max)
    {
        int length = 0;
        while (length < max && length < one.Count && one[length] == other[length])
            length++;
        return length;
    }

    /// <summary>Appends a text and its length, so that the border between two texts counts.</summary>
    private static void Append(XxHash128 hash, string text)
    {
        hash.Append(MemoryMarshal.AsBytes<int>([text.Length]));
        hash.Append(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private static void Append(XxHash128 hash, JsonElement value)
    {
        ReadOnlySpan<byte> json = value.ValueKind == JsonValueKind.Undefined ? [] : JsonMarshal.GetRawUtf8Value(value);
        hash.Append(MemoryMarshal.AsBytes<int>([json.Length]));
        hash.Append(json);
    }
}
