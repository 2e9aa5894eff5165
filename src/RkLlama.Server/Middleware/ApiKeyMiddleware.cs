using System.Security.Cryptography;
using System.Text;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Middleware;

/// <summary>
/// If the operator has set an API key, answers 401 to requests without this key. Endpoints that allow anonymous requests, such as health checks, need no key.
/// </summary>
internal sealed class ApiKeyMiddleware(RequestDelegate next, NodeOptions options)
{
    private const string Scheme = "Bearer ";

    private readonly byte[]? _digest = options.ApiKey is { } key ? Digest(key) : null;

    public Task InvokeAsync(HttpContext context) =>
        _digest is null || EndpointAccess.Of(context).AllowsAnonymous || IsKnown(context.Request.Headers)
            ? next(context)
            : throw new ApiException(
                StatusCodes.Status401Unauthorized,
                new("This server needs an API key: send it as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'."))
            {
                Code = "invalid_api_key",
            };

    private bool IsKnown(IHeaderDictionary headers) =>
        (headers.Authorization is [{ } authorization] && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) && Matches(authorization[Scheme.Length..].Trim()))
        || (headers["X-Api-Key"] is [{ } key] && Matches(key));

    // Digests have a fixed length, so the time of the comparison reveals nothing about the key.
    private bool Matches(string key) => CryptographicOperations.FixedTimeEquals(Digest(key), _digest);

    private static byte[] Digest(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
