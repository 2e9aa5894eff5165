using System.Security.Cryptography;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Requests;

namespace RkLlama.Server.Middleware;

/// <summary>
/// If the operator has set an API key, answers 401 to requests without this key. Endpoints that allow anonymous requests, such as health checks, need no key.
/// </summary>
internal sealed class ApiKeyMiddleware(RequestDelegate next, NodeOptions options)
{
    private readonly byte[]? _key = options.ApiKey is { } key ? Encoding.UTF8.GetBytes(key) : null;

    public Task InvokeAsync(HttpContext context) =>
        _key is null || EndpointAccess.Of(context).AllowsAnonymous || ApiKeys.In(context.Request.Headers).Any(Matches)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status401Unauthorized,
                new("This server needs an API key: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'."))
            {
                Code = "invalid_api_key",
            };

    /// <summary>
    /// Whether the client's key is the key of the server. Always compares as many bytes as the server's key has, so the time of the comparison reveals nothing
    /// about it.
    /// </summary>
    private bool Matches(string key)
    {
        byte[] given = new byte[_key!.Length];
        bool fits = Encoding.UTF8.TryGetBytes(key, given, out int length);
        return CryptographicOperations.FixedTimeEquals(given, _key) & fits & (length == _key.Length);
    }
}
