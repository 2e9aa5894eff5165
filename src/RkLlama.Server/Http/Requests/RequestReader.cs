using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Requests;

/// <summary>Reads the JSON bodies of requests.</summary>
internal sealed class RequestReader(NodeOptions options, RetryDeduplicator retries)
{
    /// <summary>Reads and parses the body of a request that does not run a model.</summary>
    /// <exception cref="ApiException">The body cannot be read or is not valid JSON; see <see cref="RequestBody"/>.</exception>
    internal async Task<JsonElement> ReadAsync(HttpContext context) =>
        RequestBody.Parse(await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false));

    /// <summary>
    /// Reads and parses the body of a request that runs a model. If the request is a retry, it replaces the original request, see
    /// <see cref="RetryDeduplicator"/>.
    /// </summary>
    /// <exception cref="ApiException">The body cannot be read or is not valid JSON; see <see cref="RequestBody"/>.</exception>
    internal async Task<ModelRequest> ReadModelRequestAsync(HttpContext context)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false);
        JsonElement json = RequestBody.Parse(body);
        return new(json, retries.Enter(context, body.Span));
    }
}

/// <summary>The body of a request that runs a model.</summary>
/// <param name="Cancelled">Cancelled when the client disconnects or a retry replaces the request.</param>
internal readonly record struct ModelRequest(JsonElement Body, CancellationToken Cancelled);
