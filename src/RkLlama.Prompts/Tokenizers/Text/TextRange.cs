namespace RkLlama.Prompts.Tokenizers.Text;

/// <summary>A half-open range of UTF-16 units.</summary>
internal readonly record struct TextRange(int Start, int End)
{
    public int Length => End - Start;
}
