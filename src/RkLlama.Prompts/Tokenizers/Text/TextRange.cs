namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>A range of UTF-16 units, from <paramref name="Start"/> (inclusive) to <paramref name="End"/> (exclusive).</summary>
internal readonly record struct TextRange(int Start, int End)
{
    public int Length => End - Start;
}
