using System.Text.Json;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Limits;
using RkLlama.Prompts;
using RkLlama.Server.Http.Errors;

namespace RkLlama.Server.Http.Requests;

/// <summary>Reads the JSON bodies of requests.</summary>
internal sealed class RequestReader(NodeOptions options, RetryDeduplicator retries, CpuPool cpu)
{
    // Parsing a larger body takes more than about 1 ms. It must not delay the other requests on the thread pool.
    private const int MaxInlineBytes = 32 << 10;

    /// <summary>Reads and parses the body of a request that does not run a model.</summary>
    /// <exception cref="ApiException">The body cannot be read or is not valid JSON; see <see cref="RequestBody"/>.</exception>
    internal async Task<JsonElement> ReadAsync(HttpContext context)
    {
        return await ReadAsync(context, static (json, _) => json).ConfigureAwait(false);
    }

    /// <inheritdoc cref="ReadAsync(HttpContext)"/>
    /// <inheritdoc cref="ReadModelRequestAsync" path="/param"/>
    internal async Task<T> ReadAsync<T>(HttpContext context, Func<JsonElement, CpuBudget, T> parse)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false);
        return await ParseAsync(body, parse, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>
    /// Reads and parses the body of a request that runs a model. If the request is a retry, it replaces the original request, see
    /// <see cref="RetryDeduplicator"/>.
    /// </summary>
    /// <param name="parse">
    /// Converts the JSON to the request. May throw <see cref="ApiException"/>. Work whose time is not proportional to the size of the body checks the budget.
    /// </param>
    /// <exception cref="ApiException">
    /// The body cannot be read or is not valid JSON, see <see cref="RequestBody"/>, or <paramref name="parse"/> refuses it.
    /// </exception>
    /// <param name="canResume">Whether the response is a <see cref="Results.GenerationResult"/>: then the run goes on without the client if the header of <see cref="ResumableRequest"/> asks for it.</param>
    /// <param name="outlivesConnection">Whether the run goes on without the client for another reason; <see langword="null"/> if it does not.</param>
    internal async Task<ModelRequest<T>> ReadModelRequestAsync<T>(
        HttpContext context, Func<JsonElement, CpuBudget, T> parse, bool canResume = false, Func<T, bool>? outlivesConnection = null)
    {
        ReadOnlyMemory<byte> body = await RequestBody.ReadAsync(context.Request, options.MaxRequestBytes, context.RequestAborted).ConfigureAwait(false);
        if (context.Features.Get<IHalfCloseFeature>() is { } halfClose)
            halfClose.IsPreparing = true;
        T request = await ParseAsync(body, parse, context.RequestAborted).ConfigureAwait(false);
        bool outlives = outlivesConnection?.Invoke(request) == true || (canResume && ResumableRequest.IdOf(context) is not null);
        return new(request, retries.Enter(context, body.Span, outlives));
    }

    private async ValueTask<T> ParseAsync<T>(ReadOnlyMemory<byte> body, Func<JsonElement, CpuBudget, T> parse, CancellationToken cancellationToken) =>
        body.Length <= MaxInlineBytes
            ? parse(RequestBody.Parse(body), new(CpuPool.PromptTime, CurrentThread.ProcessorTime, cancellationToken))
            : await cpu.RunAsync("bodies", CpuPool.PromptTime, budget => parse(RequestBody.Parse(body), budget), cancellationToken).ConfigureAwait(false);
}

/// <summary>A request that runs a model.</summary>
/// <param name="Cancelled">Cancelled when the client disconnects or a retry replaces the request.</param>
internal readonly record struct ModelRequest<T>(T Request, CancellationToken Cancelled);
