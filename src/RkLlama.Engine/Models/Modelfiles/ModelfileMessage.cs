namespace RkLlama.Engine.Models.Modelfiles;

/// <summary>A message with which each conversation begins: a value of the key MESSAGE, for example <c>user Hello</c>.</summary>
/// <param name="Role">system, user or assistant.</param>
internal sealed record ModelfileMessage(string Role, string Content)
{
    /// <summary>The roles that a message may have.</summary>
    internal static IReadOnlyList<string> Roles { get; } = ["system", "user", "assistant"];

    /// <summary>Reads a value of the key.</summary>
    /// <returns><see langword="null"/> if the value does not begin with a role.</returns>
    internal static ModelfileMessage? Parse(string text)
    {
        int end = text.AsSpan().IndexOfAny(" \t\r\n");
        string role = (end < 0 ? text : text[..end]).ToLowerInvariant();
        return Roles.Contains(role) ? new(role, end < 0 ? "" : text[(end + 1)..]) : null;
    }

    /// <summary>Returns the value of the key.</summary>
    public override string ToString() => $"{Role} {Content}";
}
