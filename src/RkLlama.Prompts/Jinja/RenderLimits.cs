namespace RkLlama.Prompts.Jinja;

/// <summary>
/// Limits of one rendering. They protect the server from templates of downloaded models. Chat templates in use need a small fraction of each.
/// </summary>
internal sealed record RenderLimits
{
    /// <summary>
    /// Levels of lists, tuples and dicts inside one another. A request has at most <see cref="JsonLimits.MaxDepth"/>, and the variables of a
    /// template add a few. Comparing and hashing recurse once per level.
    /// </summary>
    public const int MaxValueDepth = 128;

    /// <summary>Values in a tuple that is used as a dict key, including nested values.</summary>
    public const int MaxKeySize = 10_000;

    public static RenderLimits Default { get; } = new();

    /// <summary>Operations: evaluated expressions, loop iterations, calls, filters and operators.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>Items written to lists, including intermediate lists.</summary>
    public long MaxItems { get; init; } = 2_000_000;

    /// <summary>UTF-16 units written in total, including intermediate strings.</summary>
    public long MaxCharacters { get; init; } = 128 * 1024 * 1024;

    /// <summary>UTF-16 units of one string, and of the prompt.</summary>
    public int MaxTextLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// Levels of nesting while a template is rendered. Each of these adds a level: an expression, a block, a macro call, a recursive loop, a
    /// generator, and a container that is being written. The renderer recurses once per level. Chat templates in use have at most 28 levels. The
    /// worst template of 400 levels needs less than 320 KiB of stack in Debug and Release builds; the smallest thread stack of the server is 1.5 MB.
    /// </summary>
    public int MaxDepth { get; init; } = 400;

    /// <summary>Wall-clock time.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromSeconds(10);
}
