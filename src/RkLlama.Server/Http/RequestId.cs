using System.Text.RegularExpressions;

namespace RkLlama.Server.Http;

/// <summary>Gives every request an id: the client's own, or one of the server's. Client libraries show it with their errors, the log has it too.</summary>
internal static partial class RequestId
{
    internal const string Header = "X-Request-Id";

    /// <summary>The id of a request; one that the client sends counts when it is of a form that may stand in a log.</summary>
    internal static string Of(HttpContext context) =>
        context.Request.Headers[Header] is [{ } given] && Form.IsMatch(given) ? given : context.TraceIdentifier;

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,128}\z")]
    private static partial Regex Form { get; }
}
