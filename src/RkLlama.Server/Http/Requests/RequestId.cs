using System.Text.RegularExpressions;

namespace RkLlama.Server.Http.Requests;

/// <summary>
/// Chooses the id of a request: the id that the client sent, or one that the server generated. Client libraries show it with their errors, and the log contains
/// it.
/// </summary>
internal static partial class RequestId
{
    internal const string Header = "X-Request-Id";

    /// <summary>
    /// Returns the client's id if it has 1 to 128 characters and only letters, digits, dots, underscores and hyphens, so that it is safe to log. Otherwise
    /// returns the server's id.
    /// </summary>
    internal static string Of(HttpContext context) =>
        context.Request.Headers[Header] is [{ } given] && Form.IsMatch(given) ? given : context.TraceIdentifier;

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,128}\z")]
    private static partial Regex Form { get; }
}
