using System.IO.Hashing;
using System.Runtime.InteropServices;
using RkLlama.Native;

namespace RkLlama.Engine.Residency;

/// <summary>Computes a hash of what the runtime gets for a request, to recognise the request when it is sent again.</summary>
internal static class RequestFingerprint
{
    // The number of token ids that are hashed together.
    private const int Block = 1024;

    // The seed differs in each process, so that a client cannot construct a request with the hash of another one.
    private static readonly long Seed = Random.Shared.NextInt64();

    /// <param name="parameters">The parameters of the first run of a generation; <see langword="null"/> for an embedding.</param>
    internal static UInt128 Of(RunInput input, RunParameters? parameters)
    {
        XxHash128 hash = new(Seed);
        Append(hash, parameters?.ToString() ?? "embedding");
        Append(hash, input.Text is null ? "tokens" : "text");
        if (input.Text is { } text)
            Append(hash, text);
        if (input.Tokens is { } tokens)
            Append(hash, tokens);
        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>Appends a text and its length, so that the border between two texts counts.</summary>
    private static void Append(XxHash128 hash, string text)
    {
        hash.Append(MemoryMarshal.AsBytes<int>([text.Length]));
        hash.Append(MemoryMarshal.AsBytes(text.AsSpan()));
    }

    private static void Append(XxHash128 hash, IReadOnlyList<int> tokens)
    {
        Span<int> block = stackalloc int[Block];
        for (int start = 0; start < tokens.Count; start += Block)
        {
            int count = Math.Min(Block, tokens.Count - start);
            for (int i = 0; i < count; i++)
                block[i] = tokens[start + i];
            hash.Append(MemoryMarshal.AsBytes(block[..count]));
        }
    }
}
