namespace RkLlama.Server.Api.Page;

/// <summary>Redirects to an address relative to the one of the request.</summary>
internal sealed class RelativeRedirect(string location) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status302Found;
        httpContext.Response.Headers.Location = location;
        httpContext.Response.Headers.CacheControl = "no-cache";
        httpContext.Response.ContentLength = 0;
        return Task.CompletedTask;
    }
}
