using System.Runtime.CompilerServices;
using System.Threading.Channels;
using RkLlama.Engine.Prefixes;
using RkLlama.Engine.Residency;
using RkLlama.Prompts;

namespace RkLlama.Engine.Generation.Prefixes;

/// <summary>Counts the beginnings of the prompts of all models, for <see cref="PrefixSaver"/>. Thread-safe.</summary>
internal sealed class PrefixTracker(PrefixStore store)
{
    // The counts live as long as their models.
    private readonly ConditionalWeakTable<ModelInstance, PrefixCounts> _counts = [];

    // Contains an item if a prefix may have to be saved.
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true, AllowSynchronousContinuations = false });

    private int _requests;

    /// <summary>Number of requests so far, of all models.</summary>
    internal int Requests => Volatile.Read(ref _requests);

    /// <summary>Counts a request whose prompt was built from a conversation.</summary>
    internal void Add(ModelInstance model, Conversation conversation, Prompt prompt)
    {
        Interlocked.Increment(ref _requests);
        if (!store.IsOn || model.PromptIdentity is null || prompt.Tokens is not { Count: > FixedPrefix.MinTokens } tokens)
            return;
        Conversation beginning = FixedPrefix.BeginningOf(conversation);
        if (_counts.GetOrCreateValue(model).Add(FixedPrefix.KeyOf(beginning), () => new(FixedPrefix.Copy(beginning), tokens)))
            _changes.Writer.TryWrite(true);
    }

    /// <summary>Waits until a prefix may have to be saved.</summary>
    internal ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => _changes.Reader.ReadAsync(cancellationToken);

    /// <summary>Returns the models that had requests, with their counts.</summary>
    internal IReadOnlyList<KeyValuePair<ModelInstance, PrefixCounts>> All() => [.. _counts];
}
