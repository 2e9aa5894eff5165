namespace RkLlama.Output.ToolCalls;

internal enum BlockState
{
    More,

    /// <summary>The block is whole: its calls are calls.</summary>
    Done,

    /// <summary>The block can be no call any more: it is content.</summary>
    Broken,
}

/// <param name="Unread">Characters at the end of what the block was given that are not its own: text that follows it.</param>
internal readonly record struct BlockStep(BlockState State, int Unread)
{
    internal static BlockStep More => new(BlockState.More, 0);

    internal static BlockStep Done(int unread = 0) => new(BlockState.Done, unread);

    internal static BlockStep Broken(int unread) => new(BlockState.Broken, unread);
}

/// <summary>
/// What follows a marker that begins calls, character by character. It counts as a whole: all of it calls, or none. Nothing is read a
/// second time but the few characters a block gives back, so that a hostile answer cannot make it slow.
/// </summary>
/// <param name="calls">The block adds its calls here; they hold once it is done.</param>
internal abstract class ToolBlock(ToolCallReader reader, List<ParsedToolCall> calls)
{
    protected ToolCallReader Reader { get; } = reader;

    protected List<ParsedToolCall> Calls { get; } = calls;

    internal abstract BlockStep Take(char c);

    /// <summary>The answer has ended inside the block.</summary>
    /// <returns>Whether nothing is missing but brackets or tags that close: the block is done.</returns>
    internal abstract bool TryFinish();
}
