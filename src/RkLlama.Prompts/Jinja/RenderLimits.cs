namespace RkLlama.Prompts.Jinja;

/// <summary>
/// The limits of one rendering, besides those of <see cref="CpuBudget"/>. They protect the server from the templates of downloaded models. Known chat templates need a small fraction of each limit.
/// </summary>
internal sealed record RenderLimits
{
    /// <summary>
    /// The maximum number of lists, tuples and dicts inside one another in a value. The JSON of a request has at most <see cref="JsonLimits.MaxDepth"/> levels;
    /// the template adds some. The comparison and the hash of a value recurse once per level.
    /// </summary>
    public const int MaxValueDepth = 128;

    /// <summary>The maximum number of values in a tuple that is used as a dict key, including nested values.</summary>
    public const int MaxKeySize = 10_000;

    public static RenderLimits Default { get; } = new();

    /// <summary>The maximum number of operations: evaluated expressions, loop iterations, calls, filters and operators.</summary>
    public long MaxSteps { get; init; } = 20_000_000;

    /// <summary>The maximum number of items written to lists, including intermediate lists.</summary>
    public long MaxItems { get; init; } = 2_000_000;

    /// <summary>The maximum number of characters written in total, including intermediate strings, in UTF-16 units.</summary>
    public long MaxCharacters { get; init; } = 128 * 1024 * 1024;

    /// <summary>The maximum length of one string, and of the prompt, in UTF-16 units.</summary>
    public int MaxTextLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>
    /// The maximum number of levels of nesting while a template is rendered. Each of these adds a level: an expression, a block, a macro call, a recursive
    /// loop, a generator, and a container that is being written. The renderer recurses once per level. Known chat templates have at most 28 levels. The worst
    /// template with 400 levels needs less than 320 KiB of stack in Debug and Release builds; the smallest thread stack of the server is 1.5 MB.
    /// </summary>
    public int MaxDepth { get; init; } = 400;
}
