namespace RkLlama.Server.Endpoints;

/// <summary>Gives every answer an id; client libraries show it with their errors.</summary>
internal static class RequestId
{
    internal const string Header = "X-Request-Id";

    internal static Task AddAsync(HttpContext context, RequestDelegate next)
    {
        // Not before: an error clears the headers.
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[Header] = context.TraceIdentifier;
            return Task.CompletedTask;
        });
        return next(context);
    }
}
