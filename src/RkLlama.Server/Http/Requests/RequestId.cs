using System.Text.RegularExpressions;

namespace RkLlama.Server.Http.Requests;

/// <summary>Chooses the id of a request: the client's or the server's. Client libraries show it with their errors, and the log contains it.</summary>
internal static partial class RequestId
{
    internal const string Header = "X-Request-Id";

    /// <summary>The client's id if it is safe to log, otherwise the server's.</summary>
    internal static string Of(HttpContext context) =>
        context.Request.Headers[Header] is [{ } given] && Form.IsMatch(given) ? given : context.TraceIdentifier;

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,128}\z")]
    private static partial Regex Form { get; }
}
