namespace RkLlama.Prompts.Jinja;

/// <summary>A chat template that cannot be compiled, or that refuses or fails to render a conversation.</summary>
/// <param name="message">What is wrong, in words for the client.</param>
/// <param name="isRefusal">The template itself called <c>raise_exception</c>; <paramref name="message"/> is its own text.</param>
public sealed class TemplateException(string message, bool isRefusal = false, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether the template refused the conversation with <c>raise_exception</c>.</summary>
    public bool IsRefusal { get; } = isRefusal;
}
