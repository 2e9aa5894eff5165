namespace RkLlama.Engine.Generation;

/// <summary>An input of a model that gets no chat template: a text, or token ids of the model's own vocabulary. Exactly one of the two is not null.</summary>
internal readonly record struct TextOrTokens(string? Text, IReadOnlyList<int>? Tokens)
{
    public static implicit operator TextOrTokens(string text) => new(text, null);
}
