namespace RkLlama.Prompts.Jinja;

/// <summary>What one rendering may cost at most. Templates come from downloads; a chat needs a small fraction of this.</summary>
internal sealed record RenderLimits
{
    /// <summary>
    /// Levels of lists, tuples and dicts inside one another. Request bodies bring at most <see cref="JsonLimits.MaxDepth"/>; the variables of a
    /// template add a few. Comparing and hashing recurse once per level.
    /// </summary>
    public const int MaxValueDepth = 128;

    /// <summary>Values in a tuple that is used as the key of a dict, nested ones included.</summary>
    public const int MaxKeySize = 10_000;

    public static RenderLimits Default { get; } = new();

    /// <summary>Operations: loop rounds, calls, filters and operators.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Items put into lists, intermediate ones included.</summary>
    public long MaxItems { get; init; } = 2_000_000;

    /// <summary>UTF-16 units written in all, intermediate texts included.</summary>
    public long MaxCharacters { get; init; } = 128 * 1024 * 1024;

    /// <summary>UTF-16 units of one text, and so of the prompt.</summary>
    public int MaxTextLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// Expressions, blocks, macro calls, recursive loops, generators and written containers in progress inside one another. The renderer
    /// recurses once per level. Chat templates in use reach 28. The worst template of 400 levels needs less than 320 KiB of stack in Debug and
    /// Release builds; the smallest stack of a thread of this program is 1.5 MB.
    /// </summary>
    public int MaxDepth { get; init; } = 400;

    /// <summary>Wall time.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(10);
}
