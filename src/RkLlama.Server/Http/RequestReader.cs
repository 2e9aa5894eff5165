using System.Text.Json;
using RkLlama.Engine.Configuration;

namespace RkLlama.Server.Http;

/// <summary>Reads the JSON of requests.</summary>
internal sealed class RequestReader(ServerOptions options, RetryArmour armour)
{
    /// <summary>The body of a request that asks for no run.</summary>
    /// <exception cref="ApiException">It cannot be read; see <see cref="RequestBody"/>.</exception>
    internal async Task<JsonElement> ReadAsync(HttpContext context) =>
        RequestBody.Parse(await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false));

    /// <summary>
    /// The body of a request that asks for a run. From here on the request also ends when a retry takes its place: read
    /// <see cref="HttpContext.RequestAborted"/> afterwards.
    /// </summary>
    /// <exception cref="ApiException">It cannot be read; see <see cref="RequestBody"/>.</exception>
    internal async Task<JsonElement> ReadRunAsync(HttpContext context)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false);
        JsonElement json = RequestBody.Parse(body);
        armour.Enter(context, body.Span);
        return json;
    }
}
