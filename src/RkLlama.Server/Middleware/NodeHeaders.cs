using System.Globalization;
using Microsoft.AspNetCore.Http.Features;
using RkLlama.Engine.Configuration;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Residency;
using RkLlama.Server.Http;

namespace RkLlama.Server.Middleware;

/// <summary>Says in the headers of every answer who answered: the node, its model, the request's id, and where the time went.</summary>
internal sealed class NodeHeaders(RequestDelegate next, ServerOptions options, ModelHost host)
{
    internal const string Node = "X-RkLlama-Node", Model = "X-RkLlama-Model", Timing = "Server-Timing";

    /// <summary>What scripts of other pages may read, where the operator lets them in.</summary>
    internal static readonly string[] All = [Node, Model, Timing, RequestId.Header];

    private readonly string _node = Uri.EscapeDataString(options.NodeName);

    public Task InvokeAsync(HttpContext context)
    {
        RequestLedger ledger = new(RequestId.Of(context));
        context.TraceIdentifier = ledger.Id;
        context.Features.Set(ledger);

        // Not before: an error clears the headers.
        context.Response.OnStarting(() =>
        {
            Add(context.Response.Headers, ledger);
            return Task.CompletedTask;
        });
        return next(context);
    }

    private void Add(IHeaderDictionary headers, RequestLedger ledger)
    {
        headers[RequestId.Header] = ledger.Id;
        headers[Node] = _node;

        // The model of a run is the one that ran, whatever is loaded by now.
        if ((ledger.Start is null ? host.Current?.Name : ledger.Model) is { } model)
            headers[Model] = Uri.EscapeDataString(model);
        if (ledger.Timings is { } timings)
            headers[Timing] = string.Create(CultureInfo.InvariantCulture, $"{Start(timings.Queue, timings.Load)}, prefill;dur={timings.Prefill.TotalMilliseconds:0.#}, decode;dur={timings.Decode.TotalMilliseconds:0.#}, total;dur={timings.Total.TotalMilliseconds:0.#}");
        else if (ledger.Start is { } start)
            headers[Timing] = Start(start.Queue, start.Load);
    }

    private static string Start(TimeSpan queue, TimeSpan load) =>
        string.Create(CultureInfo.InvariantCulture, $"queue;dur={queue.TotalMilliseconds:0.#}, load;dur={load.TotalMilliseconds:0.#}");
}

/// <summary>The ledger of a request.</summary>
internal static class RequestLedgers
{
    internal static RequestLedger Ledger(this HttpContext context) => context.Features.GetRequiredFeature<RequestLedger>();
}
