namespace RkLlama.Prompts.Jinja;

/// <summary>What one rendering may cost at most. Templates come from downloads; a chat needs a small fraction of this.</summary>
internal sealed record RenderLimits
{
    public static RenderLimits Default { get; } = new();

    /// <summary>Operations: loop rounds, calls, filters and operators.</summary>
    public long Steps { get; init; } = 20_000_000;

    /// <summary>Items put into lists, intermediate ones included.</summary>
    public long Items { get; init; } = 2_000_000;

    /// <summary>UTF-16 units written in all, intermediate texts included.</summary>
    public long Characters { get; init; } = 128 * 1024 * 1024;

    /// <summary>UTF-16 units of one text, and so of the prompt.</summary>
    public int TextLength { get; init; } = 16 * 1024 * 1024;

    /// <summary>Macro calls inside of macro calls, and recursive loops.</summary>
    public int CallDepth { get; init; } = 200;

    /// <summary>Wall time.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(10);
}
