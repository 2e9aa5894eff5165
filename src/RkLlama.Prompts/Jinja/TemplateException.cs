namespace RkLlama.Prompts.Jinja;

/// <summary>A chat template does not compile, refuses a conversation, or fails to render it.</summary>
/// <param name="message">The reason, in a form that the client may see.</param>
/// <param name="isRefusal">Whether the template called <c>raise_exception</c>; <paramref name="message"/> is then the template's
/// text.</param>
public sealed class TemplateException(string message, bool isRefusal = false, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Whether the template refused the conversation with <c>raise_exception</c>.</summary>
    public bool IsRefusal { get; } = isRefusal;

    /// <summary>Whether the rendering exceeded a limit. A changed conversation is then not tried, because it would exceed the limit, too.</summary>
    public bool IsLimit { get; private init; }

    /// <summary>Creates the error for a rendering that exceeds a limit.</summary>
    public static TemplateException Exceeded(string message) => new(message) { IsLimit = true };
}
